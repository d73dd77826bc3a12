/**
 * A link as the operator's cache rule lets it be told and repeated, wherever it came from.
 *
 * What is walked and kept has the rule's limits already (fetch-links.ts, the caches); a denial of a name above, an answer
 * made of NSEC records, or one of a shared store was kept by those of other names.
 */
import type { CacheRule } from '../cache/cache-rules.js';
import type { RRset } from '../dns/rrset.js';
import type { Link } from './link.js';

/** @param nowMs wall time */
export function underRule(link: Link, rule: CacheRule, nowMs: number): Link {
  const maxSec = 'soa' in link ? rule.negativeMaxSec : rule.maxTtlSec;
  const endMs = rule.noCache ? 0 : nowMs + (maxSec ?? Number.POSITIVE_INFINITY) * 1000;
  const untilMs = Math.min(link.untilMs, endMs);
  if ('soa' in link) return { ...link, untilMs, soa: link.soa && capped(link.soa, maxSec) };
  return { ...link, untilMs, rrsets: link.rrsets.map((rrset) => capped(rrset, maxSec)) };
}

function capped(rrset: RRset, maxSec: number | undefined): RRset {
  return maxSec === undefined || rrset.ttlSec <= maxSec ? rrset : { ...rrset, ttlSec: maxSec };
}
