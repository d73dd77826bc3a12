/**
 * Randomness. The only source of query IDs, ports, letter case and server choice.
 *
 * Octets come from the operating system's CSPRNG in blocks, since a call per query costs more than the
 * query's encoding. Guessable IDs and ports are what cache poisoning lives on (RFC 5452 4, 9.2).
 * Limitations: `seededRandom` is predictable and only for tests.
 */
import { randomFillSync } from 'node:crypto';

export interface Random {
  /** Uniform over 0..65535. */
  uint16(): number;
  /** Uniform over 0..2^32-1. */
  uint32(): number;
  /** Uniform over 0..n-1, without modulo bias. `n` is 1 to 2^32. */
  below(n: number): number;
}

function fromUint32(next: () => number): Random {
  return {
    uint16: () => next() >>> 16,
    uint32: next,
    below(n) {
      const limit = 2 ** 32 - (2 ** 32 % n);
      for (;;) {
        const value = next();
        if (value < limit) return value % n;
      }
    },
  };
}

const POOL_WORDS = 1024;

/** Randomness from the operating system. Each call makes a pool of its own. */
export function secureRandom(): Random {
  const pool = new Uint32Array(POOL_WORDS);
  let used = POOL_WORDS;
  return fromUint32(() => {
    if (used === POOL_WORDS) {
      randomFillSync(pool);
      used = 0;
    }
    const value = pool[used]!;
    pool[used++] = 0; // a value handed out must not be found in memory later
    return value;
  });
}

/** A repeatable sequence for tests (mulberry32). Never for the network. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return fromUint32(() => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  });
}
