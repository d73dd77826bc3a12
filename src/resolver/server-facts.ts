/**
 * Which servers the data of a name comes from, as far as caches know: for policy rules about name servers.
 *
 * Of each delegation at or above the name, but for the root's and TLDs': names of the servers, addresses that came with
 * them, and addresses that were looked up for a walk. Limitations: what has expired, or was learnt by another worker, is not
 * known, and servers of the configuration's stub and forward zones have no names.
 */
import type { DelegationCache } from '../cache/delegation-cache.js';
import type { ResolverCache } from '../cache/rrset-cache.js';
import { type Name, parentName, ROOT } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import { addressesOf } from './asked-zone.js';

export interface KnownServers {
  readonly names: readonly Name[];
  /** Literal addresses. */
  readonly addresses: readonly string[];
}

const ADDRESS_TYPES = [RRType.A, RRType.AAAA];

export function knownServers(
  name: Name,
  { delegations, rrsets }: { readonly delegations: DelegationCache; readonly rrsets: ResolverCache },
): KnownServers {
  const names = new Set<Name>();
  const addresses = new Set<string>();
  for (
    let at = delegations.closest(name);
    at && !isTop(at.zone);
    at = delegations.closest(parentName(at.zone))
  ) {
    for (const server of at.servers) {
      names.add(server.name);
      for (const address of [...server.addresses, ...(server.spare ?? [])]) addresses.add(address);
      for (const type of ADDRESS_TYPES) {
        const entry = rrsets.peek(server.name, type);
        if (entry) for (const address of addressesOf(entry.rrset)) addresses.add(address);
      }
    }
  }
  return { names: [...names], addresses: [...addresses] };
}

/** The root and TLDs: rules about their servers would hold for everything. */
function isTop(zone: Name): boolean {
  return zone === ROOT || parentName(zone) === ROOT;
}
