/**
 * What one HTTP client, and all together, may cost.
 *
 * Every figure is small, because the users are an operator, a page and a scraper; the DNS listeners beside
 * it must not feel a flood here.
 */

import type { Clock } from '../../runtime/clock.js';
import { clientKey } from '../../server/client-key.js';
import { TokenBuckets } from '../../server/token-buckets.js';
import type { StreamLimits } from './event-stream.js';
import { HttpProblem } from './problem.js';

export interface HttpLimits extends StreamLimits {
  /** Requests a second from one client; a bucket holds a second's worth. */
  readonly requestsPerSec: number;
  /** Walks a second from one client. */
  readonly tracesPerSec: number;
  /** Walks under way at once, of all clients. */
  readonly traces: number;
  readonly connections: number;
  readonly bodyOctets: number;
  readonly urlOctets: number;
  readonly headerOctets: number;
  /** From the first octet of a request to its last; slower senders are cut off. */
  readonly requestMs: number;
  /** A connection without a request. */
  readonly idleMs: number;
}

export const defaultHttpLimits: HttpLimits = {
  requestsPerSec: 100,
  tracesPerSec: 20,
  traces: 8,
  connections: 128,
  streams: 32,
  streamsPerClient: 8,
  streamQueueOctets: 256 * 1024,
  bodyOctets: 1024,
  urlOctets: 4096,
  headerOctets: 16_384,
  requestMs: 10_000,
  idleMs: 15_000,
};

/** Counts requests and walks by client. */
export class RequestRates {
  private readonly requests: TokenBuckets;
  private readonly walks: TokenBuckets;
  private walking = 0;

  constructor(
    private readonly limits: HttpLimits,
    private readonly clock: Clock,
  ) {
    this.requests = new TokenBuckets(limits.requestsPerSec, 4096);
    this.walks = new TokenBuckets(limits.tracesPerSec, 4096);
  }

  /** @throws {HttpProblem} 429 */
  countRequest(clientAddress: string): void {
    this.take(this.requests, clientAddress, this.limits.requestsPerSec);
  }

  /** Runs a walk when the client may have one and not too many are under way. @throws {HttpProblem} 429 */
  async walk<T>(clientAddress: string, work: () => Promise<T>): Promise<T> {
    this.take(this.walks, clientAddress, this.limits.tracesPerSec);
    if (this.walking >= this.limits.traces) throw tooMany(1);
    this.walking++;
    try {
      return await work();
    } finally {
      this.walking--;
    }
  }

  private take(buckets: TokenBuckets, clientAddress: string, perSec: number): void {
    const taken = buckets.take(clientKey(clientAddress), this.clock.monotonicMs());
    if (!taken.allowed) throw tooMany(Math.max(1, Math.ceil(1 / perSec)));
  }
}

function tooMany(retryAfterSec: number): HttpProblem {
  return new HttpProblem(429, 'RATE_LIMITED', 'Too many requests; try again later.', {
    'retry-after': String(retryAfterSec),
  });
}
