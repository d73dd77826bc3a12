/**
 * Zones that could not be reached a moment ago, and for how long to go easy on them.
 *
 * A failure is kept by question; this is kept by zone, so that questions for other names of the zone do not
 * repeat the search for addresses of its servers, nor wait for each silent one (NRDelegation, CVE-2022-3204;
 * TsuNAME; random-subdomain floods). Known addresses go on being tried, two for each question.
 * Held with the failures (same back-off, purge and freeze), under a type that no question can have.
 */
import type { FailureCache } from '../cache/failure-cache.js';
import type { Name } from '../dns/name.js';
import type { Failure } from '../dns/outcome.js';

/** RFC 6895 3.1: type 0 is reserved. */
const NO_TYPE = 0;

/** Silent servers of such a zone that one walk waits for. */
export const PROBES_OF_UNREACHABLE = 2;

export class UnreachableZones {
  constructor(private readonly failures: FailureCache) {}

  note(zone: Name, failure: Failure): void {
    this.failures.put(zone, NO_TYPE, failure);
  }

  has(zone: Name): boolean {
    return this.failures.get(zone, NO_TYPE).kind === 'hit';
  }

  /** A server of the zone gave something usable. */
  reached(zone: Name): void {
    this.failures.succeeded(zone, NO_TYPE);
  }
}
