/**
 * Names that are known to be no zone cut, so that minimised queries need not ask about them again.
 *
 * A server that serves parent and child alike, or a zone with empty non-terminals, answers the short name
 * itself. Without a memory of that each new name below would cost the short query once more (RFC 9156 2.3
 * asks for what intermediate names said to be reused). Wrong knowledge costs privacy and no correctness: the
 * full question then meets the new cut, and gets its referral.
 * Limitations: the oldest go first, not the least used; a flush does not reach here, for the same reason.
 */
import type { Name } from '../dns/name.js';
import type { Clock } from '../runtime/clock.js';
import type { CachedLinks } from './cached-links.js';
import type { Walked } from './walked.js';

const MAX_NAMES = 8192;

export class UncutNames {
  /** Zone and name to the wall time up to which it holds. */
  private readonly untilMs = new Map<string, number>();

  constructor(
    private readonly clock: Clock,
    private readonly links: Pick<CachedLinks, 'denialTtlSec'>,
  ) {}

  /** Takes what a server of `walked.zone` said about a short name that is no zone cut. */
  learn(name: Name, walked: Walked): void {
    const ttlSec = this.ttlSec(walked);
    if (ttlSec <= 0) return;
    const key = keyOf(walked.zone.zone, name);
    this.untilMs.delete(key);
    if (this.untilMs.size >= MAX_NAMES) {
      for (const oldest of this.untilMs.keys()) {
        this.untilMs.delete(oldest);
        break;
      }
    }
    this.untilMs.set(key, this.clock.wallMs() + ttlSec * 1000);
  }

  private ttlSec({ steps: [alias], last, end, denial }: Walked): number {
    if (alias) return alias.rrsets[0]?.ttlSec ?? 0;
    if (end.kind === 'open') return 0;
    if (end.kind !== 'answer') return this.links.denialTtlSec(last, end.soa, denial);
    return Math.min(...end.rrsets.map((rrset) => rrset.ttlSec));
  }

  has(zone: Name, name: Name): boolean {
    if (this.untilMs.size === 0) return false;
    const key = keyOf(zone, name);
    const untilMs = this.untilMs.get(key);
    if (untilMs === undefined) return false;
    if (untilMs > this.clock.wallMs()) return true;
    this.untilMs.delete(key);
    return false;
  }
}

/** A name ends with its root label, so that two of them need nothing between. */
function keyOf(zone: Name, name: Name): string {
  return zone + name;
}
