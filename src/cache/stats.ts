/**
 * Statistics that every layer of cache gives in the same shape.
 *
 * Counts only grow; reading never resets them, so any number of readers may difference them. Each lookup
 * counts into exactly one of hits, stale and one miss reason.
 */
import type { MissReason } from '../runtime/trace.js';

/** One layer's counts; plain data that goes to JSON as it is. */
export interface CacheLayerStats {
  readonly entries: number;
  /** Octets accounted for, never over `maxOctets`. */
  readonly octets: number;
  readonly maxOctets: number;
  readonly hits: number;
  /** Lookups that found data past its TTL but fit for RFC 8767. */
  readonly stale: number;
  readonly misses: Readonly<Record<MissReason, number>>;
  readonly inserts: number;
  /** Entries that gave way to others. */
  readonly evictions: number;
  /** Entries removed because their time was over. */
  readonly expirations: number;
  /** Entries removed by an operator, a zone edit or newer knowledge. */
  readonly purged: number;
  /** Data that was offered and not stored: no TTL, over the lease, lower rank, too large. */
  readonly refused: number;
}

/** The counters behind {@link CacheLayerStats}; each layer owns one. */
export class LayerCounters {
  hits = 0;
  stale = 0;
  inserts = 0;
  evictions = 0;
  expirations = 0;
  purged = 0;
  refused = 0;
  private readonly misses: Record<MissReason, number> = {
    'never-seen': 0,
    expired: 0,
    evicted: 0,
    flushed: 0,
    bypassed: 0,
  };

  miss(reason: MissReason): void {
    this.misses[reason]++;
  }

  /** A copy, so that later lookups do not change what a reader holds. */
  snapshot(entries: number, octets: number, maxOctets: number): CacheLayerStats {
    return {
      entries,
      octets,
      maxOctets,
      hits: this.hits,
      stale: this.stale,
      misses: { ...this.misses },
      inserts: this.inserts,
      evictions: this.evictions,
      expirations: this.expirations,
      purged: this.purged,
      refused: this.refused,
    };
  }
}

/** The sum of two layers' statistics, for a layer that is made of parts. */
export function addStats(a: CacheLayerStats, b: CacheLayerStats): CacheLayerStats {
  return {
    entries: a.entries + b.entries,
    octets: a.octets + b.octets,
    maxOctets: a.maxOctets + b.maxOctets,
    hits: a.hits + b.hits,
    stale: a.stale + b.stale,
    misses: {
      'never-seen': a.misses['never-seen'] + b.misses['never-seen'],
      expired: a.misses.expired + b.misses.expired,
      evicted: a.misses.evicted + b.misses.evicted,
      flushed: a.misses.flushed + b.misses.flushed,
      bypassed: a.misses.bypassed + b.misses.bypassed,
    },
    inserts: a.inserts + b.inserts,
    evictions: a.evictions + b.evictions,
    expirations: a.expirations + b.expirations,
    purged: a.purged + b.purged,
    refused: a.refused + b.refused,
  };
}
