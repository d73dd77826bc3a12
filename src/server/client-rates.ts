/**
 * The token buckets of all clients of one server, one set for UDP and one for TCP.
 *
 * The pipeline's stage and the fast lane draw on the same ones, so that a client has one rate whichever way its
 * queries go; and where several threads serve, all of them do, in shared memory.
 */
import type { Clock } from '../runtime/clock.js';
import { clientKey } from './client-key.js';
import { SHARED_BUCKETS_OCTETS, SharedTokenBuckets } from './shared-token-buckets.js';
import { type Buckets, type Taken, TokenBuckets } from './token-buckets.js';

const SEED_OCTETS = 4;

/** Memory for the rates of clients of several threads. @param seed unknown to clients */
export function createRateMemory(seed: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(SEED_OCTETS + 2 * SHARED_BUCKETS_OCTETS);
  new Int32Array(memory)[0] = seed;
  return memory;
}

export class ClientRates {
  private readonly udp: Buckets;
  private readonly tcp: Buckets;
  private readonly nowMs: () => number;

  /**
   * @param perClientQps 0: no limit
   * @param memory of `createRateMemory`; undefined: of this thread alone
   */
  constructor(
    clock: Clock,
    readonly perClientQps: number,
    memory?: SharedArrayBuffer,
  ) {
    if (memory === undefined || perClientQps === 0) {
      this.nowMs = () => clock.monotonicMs();
      this.udp = new TokenBuckets(perClientQps);
      this.tcp = new TokenBuckets(perClientQps);
      return;
    }
    const seed = new Int32Array(memory)[0]!;
    this.nowMs = () => clock.wallMs();
    this.udp = new SharedTokenBuckets(memory, SEED_OCTETS, seed, perClientQps);
    this.tcp = new SharedTokenBuckets(memory, SEED_OCTETS + SHARED_BUCKETS_OCTETS, seed, perClientQps);
  }

  get limited(): boolean {
    return this.perClientQps !== 0;
  }

  /** Takes a token of the client with this literal address; a refusal counts. Only when `limited`. */
  take(address: string, transport: 'udp' | 'tcp'): Taken {
    const buckets = transport === 'udp' ? this.udp : this.tcp;
    return buckets.take(clientKey(address), this.nowMs());
  }

  /** Takes a token for UDP if there is one; what is refused here has yet to come to `take`. */
  takeIfAllowed(key: string): boolean {
    return this.udp.takeIfAllowed(key, this.nowMs());
  }
}
