/**
 * Additional section processing: addresses of the names that the answer points to.
 *
 * Last step of lookup.ts. RFC 1034 4.3.2 step 6, 2782, 9460 4.1; RFC 9471 for what a referral must carry.
 * Limitations: only from the zone that answered; wildcards make no additional data, as in BIND.
 */
import { isSubdomain, type Name } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { RRset } from '../dns/rrset.js';
import { addressTargetOf } from '../zone/rdata-target.js';
import type { Zone } from '../zone/zone.js';
import type { AnswerSections } from './answer-sections.js';

const addressTypes = [RRType.A, RRType.AAAA] as const;

/** Adds glue for a referral: that below the cut first, since the referral is useless without it. */
export function addGlue(sections: AnswerSections, zone: Zone, cut: RRset): void {
  const targets = cut.rdatas
    .map((rdata) => addressTargetOf(RRType.NS, cut.name, rdata))
    .filter((target) => target !== undefined);
  for (const target of targets) if (isSubdomain(target, cut.name)) addAddresses(sections, zone, target);
  for (const target of targets) addAddresses(sections, zone, target);
}

/** Adds addresses for the targets of RRsets in the answer and authority sections. */
export function addTargets(sections: AnswerSections, zone: Zone): void {
  for (const rrset of [...sections.answer, ...sections.authority]) {
    for (const rdata of rrset.rdatas) {
      const target = addressTargetOf(rrset.type, rrset.name, rdata);
      if (target === undefined || !isSubdomain(target, zone.apex)) continue;
      // Glue is no data of this zone: it helps only towards name servers (RFC 2181 5.4.1).
      if (rrset.type !== RRType.NS && zone.cutAt(target)) continue;
      addAddresses(sections, zone, target);
    }
  }
}

function addAddresses(sections: AnswerSections, zone: Zone, target: Name): void {
  for (const type of addressTypes) {
    const rrset = zone.rrset(target, type);
    if (rrset) sections.add('additional', rrset);
  }
}
