// @ts-check
/**
 * Replays a stream against a policy and counts hits. All entries have the same size, so capacity is a number of entries.
 *
 * Time passes by 10 ms per request. The TTL of a key follows from its letters: 30 s to a day. An entry past its TTL is no
 * hit and is stored anew, as a resolver would.
 *
 * Limitations: the clairvoyant policy evicts what is asked for last, counting a question after the TTL as never; with TTLs
 * that is close to the best, not proven to be it.
 */

const requestMs = 10;
const ttlsMs = [30, 300, 300, 3600, 3600, 86400].map((seconds) => seconds * 1000);

/** @param {string} key */
function ttlMs(key) {
  let hash = 7;
  for (let index = 0; index < key.length; index++) hash = (hash * 31 + key.charCodeAt(index)) >>> 0;
  return /** @type {number} */ (ttlsMs[hash % ttlsMs.length]);
}

/** @typedef {{ expiresAtMs: number }} Entry */
/**
 * What this needs of an eviction policy.
 * @typedef {{ get(key: string): Entry | undefined, set(key: string, value: Entry, size: number, expiresAtMs: number): boolean, delete(key: string): boolean }} Policy
 */

/** @param {string[]} keys @param {Policy} policy made for as many octets as entries */
export function policyHits(keys, policy) {
  let hits = 0;
  for (const [index, key] of keys.entries()) {
    const nowMs = index * requestMs;
    const entry = policy.get(key);
    if (entry !== undefined && entry.expiresAtMs > nowMs) {
      hits++;
      continue;
    }
    if (entry !== undefined) policy.delete(key);
    const expiresAtMs = nowMs + ttlMs(key);
    policy.set(key, { expiresAtMs }, 1, expiresAtMs);
  }
  return hits;
}

/** For each request the index of the next one for the same key, or Infinity. @param {string[]} keys */
function nextUses(keys) {
  const next = new Float64Array(keys.length);
  /** @type {Map<string, number>} */
  const seen = new Map();
  for (let index = keys.length - 1; index >= 0; index--) {
    const key = /** @type {string} */ (keys[index]);
    next[index] = seen.get(key) ?? Number.POSITIVE_INFINITY;
    seen.set(key, index);
  }
  return next;
}

/** Belady's rule: evict what is needed last. @param {string[]} keys @param {number} capacity */
export function clairvoyantHits(keys, capacity) {
  const next = nextUses(keys);
  /** @type {Map<string, { expiresAtMs: number, nextUse: number }>} */
  const held = new Map();
  const queue = new FarthestFirst();
  let hits = 0;
  for (const [index, key] of keys.entries()) {
    const nowMs = index * requestMs;
    const entry = held.get(key);
    const isHit = entry !== undefined && entry.expiresAtMs > nowMs;
    if (isHit) hits++;
    const expiresAtMs = isHit ? entry.expiresAtMs : nowMs + ttlMs(key);
    const following = /** @type {number} */ (next[index]);
    const nextUse = following * requestMs < expiresAtMs ? following : Number.POSITIVE_INFINITY;
    if (nextUse === Number.POSITIVE_INFINITY) {
      held.delete(key); // of no more use: not worth a place
      continue;
    }
    held.set(key, { expiresAtMs, nextUse });
    queue.push({ key, nextUse });
    while (held.size > capacity) {
      const last = queue.pop();
      if (last === undefined) break;
      if (held.get(last.key)?.nextUse === last.nextUse) held.delete(last.key);
    }
  }
  return hits;
}

/** A binary heap, farthest next use on top. Outdated items stay until they come up. */
class FarthestFirst {
  constructor() {
    /** @type {{ key: string, nextUse: number }[]} */
    this.items = [];
  }

  /** @param {{ key: string, nextUse: number }} item */
  push(item) {
    const { items } = this;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = /** @type {typeof item} */ (items[parent]);
      if (above.nextUse >= item.nextUse) break;
      items[at] = above;
      at = parent;
    }
    items[at] = item;
  }

  pop() {
    const { items } = this;
    const top = items[0];
    const moved = items.pop();
    if (moved === undefined || items.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const left = items[child];
      const right = items[child + 1];
      if (left === undefined) break;
      if (right !== undefined && right.nextUse > left.nextUse) child++;
      const larger = /** @type {typeof moved} */ (items[child]);
      if (larger.nextUse <= moved.nextUse) break;
      items[at] = larger;
      at = child;
    }
    items[at] = moved;
    return top;
  }
}
