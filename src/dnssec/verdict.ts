/**
 * What the validator is asked and what it says.
 * RFC 4035 4.3, RFC 8914.
 */

import type { Name } from '../dns/name.js';
import type { ExtendedError } from '../dns/outcome.js';
import type { Question, RRset, Security } from '../dns/rrset.js';
import type { Blame } from './zone-state.js';

/** One link of a resolution, unvalidated: what the servers of one zone said about one name. */
export interface ValidationInput {
  readonly question: Question;
  /** `answer` covers aliases as well: every RRset is judged. */
  readonly kind: 'answer' | 'nodata' | 'nxdomain';
  /** RRsets with their signatures; the CNAME made from a DNAME comes without. Empty for denials. */
  readonly answer: readonly RRset[];
  /** SOA, NSEC and NSEC3 with their signatures; other types are not looked at. */
  readonly authority: readonly RRset[];
  /** Apex of the zone whose servers answered, as far as the resolver knows; a hint that saves queries. */
  readonly zone?: Name;
}

export type CheckedSecurity = Exclude<Security, 'unchecked'>;

export interface RRsetVerdict {
  readonly rrset: RRset;
  readonly security: CheckedSecurity;
  /** Set for an RRset made from the wildcard right below this name, when that is proven to be right. */
  readonly closestEncloser?: Name;
}

export interface Verdict {
  /** The worst of its parts. `indeterminate`: no trust anchor above; to be treated as insecure. */
  readonly security: CheckedSecurity;
  /** For a failure the cause; for `insecure` what made it so, when that is worth telling. */
  readonly ede: readonly ExtendedError[];
  /** One sentence for people, naming owner, type, key tag or times. */
  readonly reason: string;
  /** Longest time to keep the data, in seconds (RFC 4035 5.3.3); undefined when nothing is signed. */
  readonly ttlCapSec?: number;
  /** What the denial records prove, which may be NODATA where the RCODE said NXDOMAIN. Only when secure. */
  readonly denies?: 'nodata' | 'nxdomain';
  readonly rrsets: readonly RRsetVerdict[];
  /** For bogus: the data at fault and the zone whose servers sent it. */
  readonly blame?: Blame;
  /** For bogus: the budget ended the work, which says nothing about the data: do not cache. */
  readonly transient?: boolean;
}

const order: readonly CheckedSecurity[] = ['secure', 'insecure', 'indeterminate', 'bogus'];

/** The verdict over several parts: the worst security, with its reason, and the shortest time. */
export function combine(parts: readonly Verdict[]): Verdict {
  const [only, ...more] = parts;
  if (only && more.length === 0) return only;
  let worst: Verdict | undefined;
  let cap: number | undefined;
  for (const part of parts) {
    if (!worst || order.indexOf(part.security) > order.indexOf(worst.security)) worst = part;
    if (part.ttlCapSec !== undefined) cap = Math.min(cap ?? part.ttlCapSec, part.ttlCapSec);
  }
  if (!worst)
    return { security: 'insecure', ede: [], reason: 'there is nothing that could be signed', rrsets: [] };
  const capped = cap === undefined ? {} : { ttlCapSec: cap };
  return { ...worst, ...capped, rrsets: parts.flatMap((part) => part.rrsets) };
}
