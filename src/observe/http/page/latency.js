// Quantiles over several frames, from their histograms: buckets add up, where quantiles would not.

/** Each power of two of microseconds is cut into this many buckets; as in the server's histogram. */
const SUB_BUCKETS = 8;

/** The first value, in microseconds, above the bucket. */
function upperEdge(index) {
  if (index < SUB_BUCKETS) return index + 1;
  const shift = Math.floor(index / SUB_BUCKETS) - 1;
  return (SUB_BUCKETS + (index % SUB_BUCKETS) + 1) * 2 ** shift;
}

/** What `share` of the queries in these frames did not exceed, in ms; undefined without queries. */
export function quantileMs(frames, share) {
  const buckets = new Map();
  let total = 0;
  for (const { latency } of frames) {
    for (const [index, times] of latency) {
      buckets.set(index, (buckets.get(index) ?? 0) + times);
      total += times;
    }
  }
  if (total === 0) return undefined;
  let left = Math.max(1, Math.ceil(share * total));
  for (const index of [...buckets.keys()].sort((a, b) => a - b)) {
    left -= buckets.get(index);
    if (left <= 0) return upperEdge(index) / 1000;
  }
  return undefined;
}
