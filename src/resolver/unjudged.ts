/**
 * Data in the caches that no validator has seen: what a dump brought (compose/entries/load-entries.ts).
 *
 * It answers nobody as it is. To judge it is cheaper than a walk, since the validator can prove it as it lies there.
 */
import { Rank } from '../cache/rank.js';
import { RRType } from '../dns/registry.js';
import type { Question, Security } from '../dns/rrset.js';
import type { CachedLinks } from './cached-links.js';
import type { Link } from './link.js';

/** What is held of a question, live, of answer rank and unjudged. Counts nothing. */
export function unjudgedLink(
  links: CachedLinks,
  { name, type, class: cls }: Question,
  nowMs: number,
): Link | undefined {
  const left = (expiresAtMs: number) => Math.ceil((expiresAtMs - nowMs) / 1000);
  for (const held of [type, RRType.CNAME]) {
    const entry = links.caches.rrsets.peek(name, held, cls);
    if (entry?.security !== 'unchecked' || entry.rank < Rank.nonAuthoritativeAnswer) continue;
    return links.fromEntry(held === type ? 'answer' : 'alias', entry, left(entry.expiresAtMs), false);
  }
  const denial = links.caches.negative.peek(name, type, cls);
  return denial?.security === 'unchecked'
    ? links.fromDenial(denial, left(denial.expiresAtMs), false)
    : undefined;
}

/** Notes what was found out about it; bogus data goes. */
export function noteJudged(
  { caches }: CachedLinks,
  { name, type, class: cls }: Question,
  link: Link,
  security: Security,
  capTtlSec?: number,
): void {
  const cap = security === 'bogus' ? 0 : capTtlSec;
  if (link.kind === 'nodata' || link.kind === 'nxdomain') {
    caches.negative.markSecurity(name, link.kind === 'nodata' ? type : 0, security, cap, cls);
  } else {
    caches.rrsets.markSecurity(name, link.kind === 'alias' ? RRType.CNAME : type, security, cap, cls);
  }
}
