/**
 * How hard a fuzz test tries. Without settings the same cases run each time, for a few seconds;
 * `STRATADNS_FUZZ_SEED=7 STRATADNS_FUZZ_TIMES=50` looks at others, and at more of them.
 */
const seed = Number(process.env.STRATADNS_FUZZ_SEED ?? 0);
const times = Number(process.env.STRATADNS_FUZZ_TIMES ?? 1);

/** A seed of this test's own. */
export function fuzzSeed(own: number): number {
  return own + 1_000_003 * seed;
}

export function fuzzRounds(usual: number): number {
  return Math.ceil(usual * times);
}

/** Time limit of a test whose usual rounds take a few seconds. */
export const fuzzTimeoutMs = 60_000 * Math.max(1, times);
