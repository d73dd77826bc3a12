/**
 * A store that several resolvers share, and the guard that keeps it from ever costing a query more than its timeout.
 *
 * On a query's way it comes after all caches of this process and before the walk. The guard bounds the wait, counts, and
 * stops asking a store that does not answer: after a few failures in a row the breaker opens, and queries go on at once
 * without it; now and then one lookup is sent along, for which nobody waits, and the first that is answered closes it.
 * What the store says is not believed here; resolver/shared-link-codec.ts checks it.
 */
import type { Clock } from '../runtime/clock.js';

/** A client of the store. */
export interface SharedStore {
  /** Rejects when the store cannot say. */
  get(key: string): Promise<Buffer | undefined>;
  /** Keeps a value for `ttlSec`, at least 1. Rejects when it is not known to be kept. */
  put(key: string, value: Buffer, ttlSec: number): Promise<void>;
  close(): Promise<void>;
}

export type SharedLookup =
  | { readonly kind: 'hit'; readonly value: Buffer }
  | { readonly kind: 'miss' | 'timeout' | 'error' };

export type BreakerState = 'closed' | 'open';

export interface SharedStoreStats {
  readonly state: BreakerState;
  readonly hits: number;
  readonly misses: number;
  readonly timeouts: number;
  readonly errors: number;
  /** Lookups that were not made since the breaker was open. */
  readonly skipped: number;
  readonly writes: number;
  /** Writes that failed, or that were not made: breaker open, too many under way. */
  readonly writesDropped: number;
}

const FAILURES_TO_OPEN = 5;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** A probe may take longer than a lookup: nobody waits for it. */
const PROBE_LIMIT_MS = 1000;
const MAX_WRITES_UNDER_WAY = 1000;

export class GuardedStore {
  private failuresInRow = 0;
  /** Undefined: closed. */
  private pauseMs: number | undefined;
  private nextProbeMs = 0;
  private probing = false;
  private writesUnderWay = 0;
  private readonly counts = {
    hits: 0,
    misses: 0,
    timeouts: 0,
    errors: 0,
    skipped: 0,
    writes: 0,
    writesDropped: 0,
  };

  /** @param onChange told when the breaker opens or closes */
  constructor(
    private readonly store: SharedStore,
    private readonly clock: Clock,
    private readonly timeoutMs: number,
    private readonly onChange: (state: BreakerState) => void = () => {},
  ) {}

  get state(): BreakerState {
    return this.pauseMs === undefined ? 'closed' : 'open';
  }

  /** Never rejects. Undefined, without any wait, while the breaker is open. */
  lookUp(key: string): Promise<SharedLookup> | undefined {
    if (this.pauseMs === undefined) return this.ask(key, this.timeoutMs);
    this.counts.skipped++;
    if (!this.probing && this.clock.monotonicMs() >= this.nextProbeMs) this.probe(key);
    return undefined;
  }

  private async ask(key: string, limitMs: number): Promise<SharedLookup> {
    const found = await this.withLimit(key, limitMs);
    switch (found.kind) {
      case 'hit':
        this.counts.hits++;
        break;
      case 'miss':
        this.counts.misses++;
        break;
      case 'timeout':
        this.counts.timeouts++;
        break;
      case 'error':
        this.counts.errors++;
    }
    if (found.kind === 'hit' || found.kind === 'miss') this.succeeded();
    else this.failed();
    return found;
  }

  private withLimit(key: string, limitMs: number): Promise<SharedLookup> {
    return new Promise((resolve) => {
      const cancel = this.clock.after(limitMs, () => resolve({ kind: 'timeout' }));
      const end = (found: SharedLookup) => {
        cancel();
        resolve(found);
      };
      this.store.get(key).then(
        (value) => end(value === undefined ? { kind: 'miss' } : { kind: 'hit', value }),
        () => end({ kind: 'error' }),
      );
    });
  }

  private probe(key: string): void {
    this.probing = true;
    void this.ask(key, PROBE_LIMIT_MS).finally(() => {
      this.probing = false;
    });
  }

  private succeeded(): void {
    this.failuresInRow = 0;
    if (this.pauseMs === undefined) return;
    // An answer that was asked for before the breaker opened says nothing new; only a probe closes it.
    if (!this.probing) return;
    this.pauseMs = undefined;
    this.onChange('closed');
  }

  private failed(): void {
    this.failuresInRow++;
    if (this.pauseMs === undefined) {
      if (this.failuresInRow < FAILURES_TO_OPEN) return;
      this.pause(FIRST_PAUSE_MS);
      this.onChange('open');
    } else if (this.probing) {
      this.pause(Math.min(LONGEST_PAUSE_MS, this.pauseMs * 2));
    }
  }

  private pause(ms: number): void {
    this.pauseMs = ms;
    this.nextProbeMs = this.clock.monotonicMs() + ms;
  }

  /** Keeps a value; nobody waits, and a value may be lost. */
  put(key: string, value: Buffer, ttlSec: number): void {
    if (this.pauseMs !== undefined || this.writesUnderWay >= MAX_WRITES_UNDER_WAY) {
      this.counts.writesDropped++;
      return;
    }
    this.writesUnderWay++;
    this.store
      .put(key, value, ttlSec)
      .then(
        () => {
          this.counts.writes++;
        },
        () => {
          this.counts.writesDropped++;
          this.failed();
        },
      )
      .finally(() => {
        this.writesUnderWay--;
      });
  }

  stats(): SharedStoreStats {
    return { state: this.state, ...this.counts };
  }

  close(): Promise<void> {
    return this.store.close();
  }
}
