/**
 * The budget of one client query: how much work it may cause.
 *
 * One object per client query, handed down by reference and never made anew, so that composed attacks
 * (aliases times glueless delegations times minimisation times retries) meet one wall. Sub-queries for
 * name server addresses, DS and DNSKEY draw on it too. Reaching a limit names the limit.
 */

export type BudgetItem =
  | 'upstreamQueries'
  | 'bytes'
  | 'depth'
  | 'aliases'
  | 'signatureChecks'
  | 'nsec3Hashes'
  | 'timeMs'
  | 'referrals'
  | 'addressLookups';

/** Limits of all queries together that one may meet: so much waits for a zone or a server already. */
export type SharedLimit = 'waitingPerZone' | 'waitingPerServer';

export type BudgetLimits = Readonly<Record<BudgetItem, number>>;

/** Defaults: DESIGN 4; the name server address figures bound NXNSAttack (CVE-2020-12662). */
export const defaultBudgetLimits: BudgetLimits = {
  upstreamQueries: 100,
  bytes: 512 * 1024,
  depth: 7,
  aliases: 11,
  signatureChecks: 32,
  nsec3Hashes: 64,
  timeMs: 7000,
  referrals: 40,
  addressLookups: 64,
};

export class Budget {
  private readonly used: Record<BudgetItem, number> = {
    upstreamQueries: 0,
    bytes: 0,
    depth: 0,
    aliases: 0,
    signatureChecks: 0,
    nsec3Hashes: 0,
    timeMs: 0,
    referrals: 0,
    addressLookups: 0,
  };
  /** The first limit that was hit, kept for the EDE text and the trace. */
  exceeded: BudgetItem | undefined;
  /** The first limit of all queries together that was met. */
  met: SharedLimit | undefined;

  /** @param startedMs monotonic time at which the client's query began */
  constructor(
    readonly startedMs: number,
    readonly limits: BudgetLimits = defaultBudgetLimits,
  ) {}

  /** Takes `amount` of `item`. False, with nothing taken, when that would pass the limit. */
  spend(item: BudgetItem, amount = 1): boolean {
    const next = this.used[item] + amount;
    if (next > this.limits[item]) {
      this.exceeded ??= item;
      return false;
    }
    this.used[item] = next;
    return true;
  }

  /** Milliseconds left, at least 0. */
  timeLeftMs(nowMs: number): number {
    const left = this.startedMs + this.limits.timeMs - nowMs;
    if (left <= 0) this.exceeded ??= 'timeMs';
    return Math.max(0, left);
  }

  /** Raises the high-water mark of nesting; false when `depth` is over the limit. */
  enterDepth(depth: number): boolean {
    if (depth > this.limits.depth) {
      this.exceeded ??= 'depth';
      return false;
    }
    this.used.depth = Math.max(this.used.depth, depth);
    return true;
  }

  /** The limit that matters most, for counters. */
  get limit(): BudgetItem | SharedLimit | undefined {
    return this.exceeded ?? this.met;
  }

  usedOf(item: BudgetItem): number {
    return this.used[item];
  }

  /** What was used, for the trace. `timeMs` is filled from `nowMs`. */
  snapshot(nowMs: number): Record<BudgetItem, { used: number; limit: number }> {
    const result = {} as Record<BudgetItem, { used: number; limit: number }>;
    for (const item of Object.keys(this.used) as BudgetItem[]) {
      const used = item === 'timeMs' ? Math.round(nowMs - this.startedMs) : this.used[item];
      result[item] = { used, limit: this.limits[item] };
    }
    return result;
  }
}
