/**
 * Addresses of name servers, by name.
 *
 * What the caches know is used whatever its trust, since an address only says whom to ask; what is not
 * known is resolved like any other name, as a child of the query that needs it.
 * Limitations: AAAA is asked only when a name has no A, or when IPv4 is off: it saves a query per server.
 */
import type { ResolverCache } from '../cache/rrset-cache.js';
import type { Name } from '../dns/name.js';
import { RRClass, RRType } from '../dns/registry.js';
import { addressesOf, type ZoneFinder } from './asked-zone.js';
import type { AddressBook } from './name-servers.js';
import type { QueryContext } from './query-context.js';
import type { NameResolver, NameResolverOptions } from './resolve-name.js';

export class CachingAddressBook implements AddressBook {
  private readonly types: readonly number[];

  constructor(
    private readonly rrsets: ResolverCache,
    private readonly zones: ZoneFinder,
    private readonly resolver: NameResolver,
    private readonly options: NameResolverOptions,
    families: { ipv4: boolean; ipv6: boolean },
  ) {
    this.types = [...(families.ipv4 ? [RRType.A] : []), ...(families.ipv6 ? [RRType.AAAA] : [])];
  }

  known(name: Name): readonly string[] {
    return this.types.flatMap((type) => {
      const entry = this.rrsets.peek(name, type);
      return entry && entry.security !== 'bogus' ? addressesOf(entry.rrset) : [];
    });
  }

  parentSide(name: Name): readonly string[] {
    return this.zones.parentSide(name);
  }

  async lookup(name: Name, zone: Name, ctx: QueryContext): Promise<readonly string[]> {
    for (const type of this.types) {
      const question = { name, type, class: RRClass.IN };
      const child = ctx.child(question, 'ns-address', zone);
      // Waiting for itself or too deep is so for either family.
      if (!child) return [];
      const { outcome } = await this.resolver.resolve(question, child, this.options);
      if (outcome.kind === 'answer') return outcome.rrsets.flatMap(addressesOf);
      // What failed for one family fails for the other, and trying doubles the work at each level of nesting.
      if (outcome.kind !== 'nodata') return [];
    }
    return [];
  }
}
