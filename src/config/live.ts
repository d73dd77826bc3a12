/**
 * What a running server can take over of a new configuration, and what it cannot.
 *
 * A value that needs a restart stays as it runs, and is named; everything else is new. Which answers a change makes
 * doubtful is said as names, so that the rest of the caches is kept.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Name, ROOT } from '../dns/name.js';
import type { Config } from './fields.js';

/** Sockets, threads and memory: made once. */
const madeOnce = [
  ['listen'],
  ['workers'],
  ['cache', 'stub'],
  ['cache', 'resolver'],
  ['cache', 'negative'],
  ['cache', 'persist'],
  ['http'],
  ['log', 'queries'],
  ['log', 'querySampling'],
  ['dnstap'],
] as const;

export interface LiveConfig {
  /** The new configuration, with the running values of what cannot change. */
  readonly config: Config;
  /** Keys whose new values wait for a restart. */
  readonly needRestart: readonly string[];
}

type Tree = Readonly<Record<string, unknown>>;

export function liveConfig(running: Config, next: Config): LiveConfig {
  let config: Tree = next;
  const needRestart: string[] = [];
  for (const path of madeOnce) {
    const kept = valueAt(running, path);
    if (isDeepStrictEqual(kept, valueAt(next, path))) continue;
    needRestart.push(path.join('.'));
    config = withValue(config, path, kept);
  }
  return { config: Object.freeze(config) as unknown as Config, needRestart };
}

function valueAt(tree: Tree, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Tree)[key], tree);
}

function withValue(tree: Tree, [key, ...rest]: readonly string[], value: unknown): Tree {
  const inner = rest.length === 0 ? value : withValue(tree[key!] as Tree, rest, value);
  return Object.freeze({ ...tree, [key!]: inner });
}

/** Names at and below which what was learnt may be wrong under the new configuration. */
export function doubtfulNames(before: Config, after: Config): ReadonlySet<Name> {
  const names = new Set<Name>();
  const compare = <T>(a: readonly T[], b: readonly T[], nameOf: (item: T) => Name) => {
    for (const item of a) if (!b.some((other) => isDeepStrictEqual(item, other))) names.add(nameOf(item));
  };
  const both = <T>(a: readonly T[], b: readonly T[], nameOf: (item: T) => Name) => {
    compare(a, b, nameOf);
    compare(b, a, nameOf);
  };
  both(before.forward, after.forward, ({ zone }) => zone);
  both(before.stub, after.stub, ({ zone }) => zone);
  both(before.dnssec.trustAnchors, after.dnssec.trustAnchors, ({ zone }) => zone);
  both(before.dnssec.negativeTrustAnchors, after.dnssec.negativeTrustAnchors, (name) => name);
  both(before.cache.rules, after.cache.rules, ({ name }) => name);
  const everywhere = (config: Config) => {
    const { mode, sha1, overrideDateSec, clockSkewMs } = config.dnssec;
    return { mode, sha1, overrideDateSec, clockSkewMs, hints: config.rootHints, port: config.upstream.port };
  };
  if (!isDeepStrictEqual(everywhere(before), everywhere(after))) names.add(ROOT);
  return names;
}

/** Whether finished answers of before may be given after as well: only who may ask, and what is logged, has changed. */
export function answersStand(before: Config, after: Config): boolean {
  const deciding = ({ access, cookies, rateLimit, log, cache, ...rest }: Config) => ({
    rest,
    ttl: cache.ttl,
    rules: cache.rules,
  });
  return isDeepStrictEqual(deciding(before), deciding(after));
}
