/**
 * What is known of one server address: round-trip time, time-outs, EDNS, letter case, cookies, lameness.
 *
 * A mutable record that the server selection reads and writes; only memory is owned here. Times without
 * another word are those of `Clock.monotonicMs`, so that a jump of the date cannot keep a server in backoff.
 */
import type { Name, Octets } from '../dns/name.js';

/** How long a server is asked without EDNS, random case or cookie before all are tried again. */
const WEAK_FOR_MS = 900_000;
/** Zones a server may be lame for at once; the one nearest to its end gives way. */
const MAX_LAME_ZONES = 16;

/** Zone to the time up to which the server is taken to be lame for it. Holds at most 16. */
export class LameZones extends Map<Name, number> {
  override set(zone: Name, untilMs: number): this {
    super.set(zone, untilMs);
    if (this.size > MAX_LAME_ZONES) this.dropSoonest();
    return this;
  }

  private dropSoonest(): void {
    let soonest: Name | undefined;
    let leastMs = Infinity;
    for (const [zone, untilMs] of this) {
      if (untilMs >= leastMs) continue;
      soonest = zone;
      leastMs = untilMs;
    }
    if (soonest !== undefined) this.delete(soonest);
  }
}

export class ServerState {
  /** Smoothed round-trip time; undefined until a first response (RFC 6298 2). */
  srttMs: number | undefined = undefined;
  rttvarMs = 0;
  timeoutsInRow = 0;
  /** When the last of them was counted: queries sent before that say nothing new. */
  timeoutCountedMs = 0;
  /** Not to be asked before this time, unless nothing else is left. */
  backoffUntilMs = 0;
  ednsOk: 'unknown' | 'yes' | 'no' = 'unknown';
  /** Failures with EDNS in a row; one alone proves nothing, since it can be forged. */
  ednsFailures = 0;
  /** It does not return the letter case of QNAME. */
  caseBroken = false;
  /** Our half of the DNS cookies exchanged with it; '' until it is first asked with one (RFC 9018 3). */
  clientCookie: Octets = '';
  /** Its half as it last came; '' while it has sent none. */
  serverCookie: Octets = '';
  /** It sends its cookie only now and then, or chokes on ours. */
  cookieBroken = false;
  /** When it last responded, monotonic; 0 when never. */
  respondedMs = 0;
  /** When it last responded, wall ms, for people; 0 when never. */
  lastSeenMs = 0;
  readonly lameZones = new LameZones();
  /** When it was first thought to lack EDNS, change letter case or do cookies badly, monotonic; 0 when it is not. */
  private weakSinceMs = 0;

  /** @param touchedMs when it was last looked up; kept by InfraCache, which forgets what is idle */
  constructor(
    readonly address: string,
    public touchedMs: number,
  ) {}

  /**
   * Forgets what makes us ask a server in a weaker way, 15 minutes after it was believed: it may have been
   * mended, or have been forged.
   */
  forgetWeakness(nowMs: number): void {
    if (this.ednsOk !== 'no' && !this.caseBroken && !this.cookieBroken) {
      this.weakSinceMs = 0;
    } else if (this.weakSinceMs === 0) {
      this.weakSinceMs = nowMs;
    } else if (nowMs - this.weakSinceMs >= WEAK_FOR_MS) {
      this.ednsOk = 'unknown';
      this.ednsFailures = 0;
      this.caseBroken = false;
      this.cookieBroken = false;
      this.weakSinceMs = 0;
    }
  }
}
