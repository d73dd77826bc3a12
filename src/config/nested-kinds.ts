/**
 * Kinds of option values that are mappings with keys of their own: rules of the cache, and views with their policy.
 */
import * as kind from './kinds.js';

const ruleTtl = kind.duration('s', 's', 0, 604_800_000);
/** Of `cache.rules`. */
export const cacheRule = kind.mapped(
  kind.openRecord(
    { name: kind.domainName() },
    { noCache: kind.boolean(), minTtl: ruleTtl, maxTtl: ruleTtl, negativeMax: ruleTtl },
  ),
  ({ name, noCache = false, minTtl: minTtlSec, maxTtl: maxTtlSec, negativeMax: negativeMaxSec }) => ({
    name,
    noCache,
    minTtlSec,
    maxTtlSec,
    negativeMaxSec,
  }),
);
/** What stands in `policy`, and in the policy of a view. */
export const policyKinds = {
  lists: kind.list(
    kind.record({
      path: kind.path(),
      format: kind.choice(['hosts', 'domains', 'adblock', 'rpz']),
      action: kind.choice(['nxdomain', 'nodata', 'refused', 'null-address', 'drop']),
    }),
  ),
  hosts: kind.list(kind.path()),
  localZones: kind.list(kind.path()),
  rebindingProtection: kind.boolean(),
  rebindingAllowed: kind.list(kind.domainName()),
};
const noPolicy = { lists: [], hosts: [], localZones: [], rebindingProtection: false, rebindingAllowed: [] };
/** Of `views`. */
export const view = kind.mapped(
  kind.openRecord(
    { name: kind.word(), clients: kind.list(kind.network(), 1) },
    { policy: kind.openRecord({}, policyKinds) },
  ),
  ({ name, clients, policy }) => ({ name, clients, policy: { ...noPolicy, ...policy } }),
);
