/**
 * What one option forbids another. Each value alone has passed its kind already.
 */
import type { Name } from '../dns/name.js';
import { formatName } from '../dns/name.js';
import type { Config } from './fields.js';

export interface Clash {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** All contradictions, each at the option that is easier to change. */
export function crossCheck(config: Config): Clash[] {
  return [
    ...ttlOrder(config),
    ...cacheRules(config),
    ...views(config),
    ...families(config),
    ...zonesTwice(config),
    ...listenTwice(config),
    ...sharedSecret(config),
  ];
}

function ttlOrder({ cache: { ttl } }: Config): Clash[] {
  const clashes: Clash[] = [];
  if (ttl.minSec > ttl.maxSec) {
    clashes.push({ path: ['cache', 'ttl', 'min'], message: `must not exceed cache.ttl.max (${ttl.maxSec})` });
  }
  return clashes;
}

function cacheRules({ cache: { rules } }: Config): Clash[] {
  const clashes: Clash[] = [];
  for (const [index, rule] of rules.entries()) {
    const { name, noCache, minTtlSec, maxTtlSec, negativeMaxSec } = rule;
    const path = ['cache', 'rules', index];
    const limits = [minTtlSec, maxTtlSec, negativeMaxSec].filter((limit) => limit !== undefined);
    if (rules.slice(0, index).some((other) => other.name === name)) {
      clashes.push({ path: [...path, 'name'], message: `${formatName(name)} has a rule already` });
    } else if (noCache ? limits.length > 0 : limits.length === 0) {
      const message = noCache
        ? 'allows no limits beside noCache, which keeps nothing'
        : 'must say noCache: true or a limit';
      clashes.push({ path, message });
    } else if ((minTtlSec ?? 0) > (maxTtlSec ?? Number.POSITIVE_INFINITY)) {
      clashes.push({ path: [...path, 'minTtl'], message: `must not exceed its maxTtl (${maxTtlSec})` });
    }
  }
  return clashes;
}

/** What a key of the stub cache can tell apart. */
const MOST_VIEWS = 63;

function views({ views: all }: Config): Clash[] {
  const clashes: Clash[] = [];
  if (all.length > MOST_VIEWS) clashes.push({ path: ['views'], message: `has more than ${MOST_VIEWS}` });
  for (const [index, { name }] of all.entries()) {
    if (all.findIndex((view) => view.name === name) < index) {
      clashes.push({ path: ['views', index, 'name'], message: `another view is called ${name} already` });
    }
  }
  return clashes;
}

function families({ upstream }: Config): Clash[] {
  if (upstream.ipv4 || upstream.ipv6) return [];
  return [{ path: ['upstream', 'ipv6'], message: 'must be true when upstream.ipv4 is false' }];
}

function zonesTwice(config: Config): Clash[] {
  const seen = new Map<Name, string>();
  const clashes: Clash[] = [];
  for (const list of ['forward', 'stub'] as const) {
    for (const [index, { zone }] of config[list].entries()) {
      const before = seen.get(zone);
      if (before !== undefined) {
        const message = `the zone ${formatName(zone)} stands in ${before} already`;
        clashes.push({ path: [list, index, 'zone'], message });
      }
      seen.set(zone, before ?? `${list}[${index}]`);
    }
  }
  return clashes;
}

/** Without a MAC, whoever can write to the store could answer for every name. */
function sharedSecret({ cache: { shared } }: Config): Clash[] {
  if (shared.url === null || shared.secret !== null) return [];
  return [{ path: ['cache', 'shared', 'secret'], message: 'must be set when cache.shared.url is' }];
}

function listenTwice({ listen, http }: Config): Clash[] {
  const seen = new Set<string>();
  const clashes: Clash[] = [];
  for (const [index, { address, port }] of listen.entries()) {
    const key = `${address}@${port}`;
    if (port !== 0 && seen.has(key)) clashes.push({ path: ['listen', index], message: 'is listed twice' });
    seen.add(key);
  }
  if (http.enabled && http.port !== 0 && seen.has(`${http.address}@${http.port}`)) {
    clashes.push({ path: ['http', 'port'], message: 'is taken by listen, which needs TCP there too' });
  }
  return clashes;
}
