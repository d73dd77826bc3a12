/**
 * Where trust starts and where it is told to stop: trust anchors and negative trust anchors.
 *
 * For a name the deepest entry at or above it decides; a negative anchor wins over a positive one at the
 * same name (RFC 7646 2). Without any entry the name is indeterminate (RFC 4035 4.3).
 */
import { type Name, parentName, ROOT } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { Rdata } from '../dns/rrset.js';

/** A key, or the digest of one, that is believed without proof. */
export interface TrustAnchor {
  readonly zone: Name;
  readonly type: typeof RRType.DS | typeof RRType.DNSKEY;
  readonly rdata: Rdata;
}

/** All anchors of one zone; any of them will do. */
export interface ZoneAnchors {
  readonly zone: Name;
  readonly ds: readonly Rdata[];
  readonly dnskey: readonly Rdata[];
}

export type AnchorPolicy =
  | { readonly kind: 'anchored'; readonly anchors: ZoneAnchors }
  | { readonly kind: 'negative'; readonly zone: Name }
  | { readonly kind: 'none' };

export class Anchors {
  private readonly byZone = new Map<Name, ZoneAnchors>();
  private readonly negative: ReadonlySet<Name>;

  constructor(anchors: readonly TrustAnchor[], negative: readonly Name[]) {
    this.negative = new Set(negative);
    for (const anchor of anchors) {
      const known = this.byZone.get(anchor.zone) ?? { zone: anchor.zone, ds: [], dnskey: [] };
      const list = anchor.type === RRType.DS ? 'ds' : 'dnskey';
      this.byZone.set(anchor.zone, { ...known, [list]: [...known[list], anchor.rdata] });
    }
  }

  /** What holds for data of `name`. */
  policyFor(name: Name): AnchorPolicy {
    for (let at = name; ; at = parentName(at)) {
      if (this.negative.has(at)) return { kind: 'negative', zone: at };
      const anchors = this.byZone.get(at);
      if (anchors) return { kind: 'anchored', anchors };
      if (at === ROOT) return { kind: 'none' };
    }
  }
}
