// @ts-check
/**
 * Streams of cache keys: made by Zipf's law, or read from a trace. Made streams depend on their seed alone.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** Numbers in [0, 1) from a seed (xorshift, 32 bits). @param {number} seed */
function randomFrom(seed) {
  let state = (seed * 2654435761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/**
 * Names of which the n-th is asked for in proportion to 1 / n^exponent.
 *
 * @param {{ names: number, requests: number, exponent: number, seed: number }} shape
 * @returns {string[]}
 */
export function zipfStream({ names, requests, exponent, seed }) {
  const sums = new Float64Array(names);
  let sum = 0;
  for (let rank = 0; rank < names; rank++) {
    sum += 1 / (rank + 1) ** exponent;
    sums[rank] = sum;
  }
  const random = randomFrom(seed);
  return Array.from({ length: requests }, () => `n${rankOf(sums, random() * sum)}`);
}

/** The first place whose sum exceeds the target. @param {Float64Array} sums @param {number} target */
function rankOf(sums, target) {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (/** @type {number} */ (sums[middle]) > target) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Replaces a share of the requests by names that come only once, as a flood of made-up names would.
 *
 * @param {string[]} keys
 * @param {number} share 0 to 1
 * @param {number} seed
 */
export function flooded(keys, share, seed) {
  const random = randomFrom(seed);
  return keys.map((key, index) => (random() < share ? `junk${index}` : key));
}

/** Reads "name type ..." lines, also gzipped. @param {string} file @returns {string[]} */
export function traceStream(file) {
  const raw = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(raw) : raw).toString('latin1');
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name = '', type = ''] = line.split(/\s+/);
      return `${name.toLowerCase()} ${type}`;
    });
}
