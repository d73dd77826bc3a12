/**
 * TTLs in master files: seconds, or BIND's units (`1h30m`), in either letter case.
 *
 * RFC 1035 5.1 has seconds only; the units are what BIND and NSD read. RFC 2181 8: at most 2^31-1.
 */

const MAX_TTL_SEC = 2 ** 31 - 1;
const UNIT_SEC = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
  ['w', 604_800],
]);

/**
 * @returns seconds; undefined when the text is no TTL at all (it may be a class or type);
 *   'range' when it is one but over 2^31-1
 */
export function parseTtl(text: string): number | 'range' | undefined {
  if (/^[0-9]+$/.test(text)) return inRange(Number(text));
  if (!/^([0-9]+[smhdw])+$/i.test(text)) return undefined;
  let total = 0;
  for (const [, digits, unit] of text.toLowerCase().matchAll(/([0-9]+)([smhdw])/g)) {
    total += Number(digits) * UNIT_SEC.get(unit!)!;
  }
  return inRange(total);
}

function inRange(sec: number): number | 'range' {
  return sec <= MAX_TTL_SEC ? sec : 'range';
}
