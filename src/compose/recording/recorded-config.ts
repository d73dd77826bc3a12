/**
 * What of a configuration decides how a walk ends, as a configuration file would say it.
 *
 * The rest has no part in a walk that begins with empty caches, or is nobody else's business: paths, tokens, secrets,
 * who may ask. What is as by default is left out. Reading goes through the check of all configurations, after a look
 * that nothing else stands there: a recording comes from strangers, and may not make us open files or sockets.
 * Limitations: rules of the operator for names (policy, views) are in files, so they are not part of a recording.
 */
import { isDeepStrictEqual } from 'node:util';
import { builtinTrustAnchors } from '../../config/builtin.js';
import type { Config } from '../../config/fields.js';
import type { ConfigInput } from '../../config/input.js';
import { formatDuration } from '../../config/kinds.js';
import { defaultConfig } from '../../config/load.js';
import type { TrustAnchor } from '../../config/trust-anchor.js';
import { formatName } from '../../dns/name.js';
import { RRType } from '../../dns/registry.js';
import type { ServerEndpoint } from '../../transport/upstream.js';
import { formatTime } from '../../wire/rdata/registry.js';
import type { MockRoot } from '../mock-internet.js';

type Tree = Readonly<Record<string, unknown>>;

/**
 * @param anchors what was believed, which a roll-over or a mock internet may have changed
 * @param mock stands for the root, as the engine has it
 */
export function recordedConfig(
  config: Config,
  anchors: readonly TrustAnchor[],
  mock: MockRoot | undefined,
): ConfigInput {
  const { dnssec, upstream } = config;
  const own = !sameAnchors(dnssec.trustAnchors, builtinTrustAnchors);
  // `auto` means another thing beside anchors that are written down.
  const replaced = !own && !sameAnchors(anchors, builtinTrustAnchors);
  const sha1 = replaced && dnssec.sha1 === 'auto' ? 'insecure' : dnssec.sha1;
  const effective: Config = {
    ...config,
    dnssec: { ...dnssec, trustAnchors: anchors, sha1 },
    rootHints: mock?.rootHints ?? config.rootHints,
    upstream: mock ? { ...upstream, port: mock.port, doNotQuery: [] } : upstream,
  };
  return (without(deciding(effective), deciding(defaultConfig())) ?? {}) as ConfigInput;
}

/** The key paths of a value that are no part of a recording's configuration. */
export function foreignKeys(value: unknown): string[][] {
  return foreignBelow(value, deciding(defaultConfig()), []);
}

function foreignBelow(value: unknown, known: unknown, above: readonly string[]): string[][] {
  if (!isTree(value) || !isTree(known)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    Object.hasOwn(known, key) ? foreignBelow(inner, known[key], [...above, key]) : [[...above, key]],
  );
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** All of it, defaults too. */
function deciding(config: Config): Tree {
  const { dnssec, upstream, cache } = config;
  const { serveStale } = cache;
  return {
    rootHints: config.rootHints.map(({ name, addresses }) => ({ name: formatName(name), addresses })),
    dnssec: {
      mode: dnssec.mode,
      trustAnchors: dnssec.trustAnchors.map(anchorText),
      negativeTrustAnchors: dnssec.negativeTrustAnchors.map(formatName),
      aggressive: dnssec.aggressive,
      clockSkew: formatDuration(dnssec.clockSkewMs),
      sha1: dnssec.sha1,
      overrideDate: dnssec.overrideDateSec === null ? null : formatTime(dnssec.overrideDateSec),
    },
    specialUse: config.specialUse,
    qnameMinimization: config.qnameMinimization,
    upstream: { ...upstream, doNotQuery: upstream.doNotQuery.map(({ text }) => text) },
    forward: config.forward.map(({ zone, servers, first }) => ({
      ...serversText(zone, servers),
      ...(first === undefined ? {} : { first }),
    })),
    stub: config.stub.map(({ zone, servers }) => serversText(zone, servers)),
    cache: {
      ttl: { min: cache.ttl.minSec, max: cache.ttl.maxSec, negativeMax: cache.ttl.negativeMaxSec },
      rules: cache.rules.map(ruleText),
      prefetch: cache.prefetch,
      serveStale: {
        enabled: serveStale.enabled,
        maxAge: serveStale.maxAgeSec,
        replyTtl: serveStale.replyTtlSec,
        clientWait: serveStale.clientWaitMs,
      },
    },
  };
}

function serversText(zone: Config['stub'][number]['zone'], servers: readonly ServerEndpoint[]) {
  return { zone: formatName(zone), servers: servers.map(({ address, port }) => `${address}@${port}`) };
}

function ruleText(rule: Config['cache']['rules'][number]): Tree {
  const { name, noCache, minTtlSec: minTtl, maxTtlSec: maxTtl, negativeMaxSec: negativeMax } = rule;
  const limits = Object.entries({ minTtl, maxTtl, negativeMax }).filter(([, limit]) => limit !== undefined);
  return { name: formatName(name), ...(noCache ? { noCache } : {}), ...Object.fromEntries(limits) };
}

/** As parseTrustAnchor reads it, also where the RDATA is of no use. */
function anchorText({ zone, type, rdata }: TrustAnchor): string {
  const octets = Buffer.from(rdata, 'latin1');
  const owner = formatName(zone);
  const rest = octets.subarray(4);
  if (type === RRType.DS) {
    return `${owner} DS ${octets.readUInt16BE(0)} ${octets[2]} ${octets[3]} ${rest.toString('hex').toUpperCase()}`;
  }
  return `${owner} DNSKEY ${octets.readUInt16BE(0)} ${octets[2]} ${octets[3]} ${rest.toString('base64')}`;
}

function sameAnchors(a: readonly TrustAnchor[], b: readonly TrustAnchor[]): boolean {
  return a.length === b.length && a.every((one, i) => anchorText(one) === anchorText(b[i]!));
}

/** What differs from `other`, section by section; undefined when nothing does. */
function without(tree: Tree, other: Tree): Tree | undefined {
  const left = Object.entries(tree).flatMap(([key, value]): [string, unknown][] => {
    const known = other[key];
    const kept = isTree(value) && isTree(known) ? without(value, known) : changed(value, known);
    return kept === undefined ? [] : [[key, kept]];
  });
  return left.length === 0 ? undefined : Object.fromEntries(left);
}

function changed(value: unknown, known: unknown): unknown {
  return isDeepStrictEqual(value, known) ? undefined : value;
}
