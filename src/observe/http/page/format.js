// Figures as people read them.

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const one = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

export const count = (value) => whole.format(value);

/** A rate: one decimal below 10, none above. */
export const rate = (value) => (value < 10 ? one.format(value) : whole.format(value));

export function millis(ms) {
  if (ms === undefined || ms === null) return '–';
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 100) return `${ms.toFixed(1)} ms`;
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** For a scale: `50 µs`, `1 ms`, `10 s`, without decimals. */
export function roundMillis(ms) {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1000)} s`;
}

export function size(octets) {
  if (octets < 1024) return `${octets} B`;
  if (octets < 1024 ** 2) return `${(octets / 1024).toFixed(1)} KiB`;
  return octets < 1024 ** 3
    ? `${(octets / 1024 ** 2).toFixed(1)} MiB`
    : `${(octets / 1024 ** 3).toFixed(2)} GiB`;
}

/** `3 d 4 h`, `5 min 2 s`: the two largest units. */
export function duration(seconds) {
  let left = Math.max(0, Math.floor(seconds));
  const parts = [];
  for (const [unit, length] of [
    ['d', 86400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ]) {
    const times = Math.floor(left / length);
    left -= times * length;
    if (times > 0 || (unit === 's' && parts.length === 0)) parts.push(`${times} ${unit}`);
  }
  return parts.slice(0, 2).join(' ');
}

export const plural = (amount, word, many = `${word}s`) => `${count(amount)} ${amount === 1 ? word : many}`;

/**
 * Tenths of a percent for each value, that add up to exactly 100.0: what rounding leaves over goes to those
 * that lost most by it. All 0 when there is nothing.
 */
export function shares(values) {
  const sum = values.reduce((total, value) => total + value, 0);
  if (sum === 0) return values.map(() => 0);
  const exact = values.map((value) => (value / sum) * 1000);
  const tenths = exact.map(Math.floor);
  const byLoss = exact.map((value, i) => [value - tenths[i], i]).sort((a, b) => b[0] - a[0]);
  const missing = 1000 - tenths.reduce((total, value) => total + value, 0);
  for (let i = 0; i < missing; i++) tenths[byLoss[i][1]]++;
  return tenths.map((value) => value / 10);
}

export const percent = (value) => `${value.toFixed(1)} %`;

/** A name without its last dot, cut in the middle when it is very long. */
export function shortName(name, limit = 48) {
  const text = name === '.' ? '. (root)' : name.replace(/(?<!\\)\.$/, '');
  if (text.length <= limit) return text;
  const half = Math.floor((limit - 1) / 2);
  return `${text.slice(0, half)}…${text.slice(-half)}`;
}
