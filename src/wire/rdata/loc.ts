/**
 * LOC: where something is on Earth.
 * RFC 1876 2 (RDATA), 3 (text). Limitations: sizes with base 0 and an exponent have no text form.
 */
import type { Octets } from '../../dns/name.js';
import { u32At, u32Octets } from '../octets.js';
import type { Field } from './field.js';
import type { TokenReader } from './token.js';

const LOC_OCTETS = 16;
/** Zero of latitude and longitude, which count thousandths of an arc second. */
const MERIDIAN = 2 ** 31;
/** Zero of altitude is 100 km below the ellipsoid; it counts centimetres. */
const ALTITUDE_ZERO_CM = 10_000_000;
const ARC_PER_DEGREE = 3_600_000;
const DEFAULT_SIZES_CM = [100, 1_000_000, 1000]; // size, horizontal and vertical precision (RFC 1876 3)

/** The whole RDATA of LOC. */
export const locField: Field = {
  label: 'location',
  kind: 'fixed',
  sizeOctets: LOC_OCTETS,
  end: (rdata, at) => (at + LOC_OCTETS <= rdata.length ? at + LOC_OCTETS : -1),
  format,
  parse,
};

/** Rules on content: version 0, sizes of decimal digits, places on the globe. */
export function checkLoc(rdata: Octets): string | undefined {
  if (rdata.charCodeAt(0) !== 0) return 'version of LOC is not 0';
  for (const at of [1, 2, 3]) {
    const size = rdata.charCodeAt(at);
    if (size >> 4 > 9 || (size & 15) > 9) return 'a size is not two decimal digits';
  }
  if (Math.abs(u32At(rdata, 4) - MERIDIAN) > 90 * ARC_PER_DEGREE) return 'latitude is more than 90 degrees';
  if (Math.abs(u32At(rdata, 8) - MERIDIAN) > 180 * ARC_PER_DEGREE)
    return 'longitude is more than 180 degrees';
  return undefined;
}

function format(rdata: Octets): string | undefined {
  const sizes = [1, 2, 3].map((at) => rdata.charCodeAt(at));
  if (sizes.some((size) => size > 0 && size < 16)) return undefined;
  const altitude = u32At(rdata, 12) - ALTITUDE_ZERO_CM;
  return [
    formatAngle(u32At(rdata, 4) - MERIDIAN, 'N', 'S'),
    formatAngle(u32At(rdata, 8) - MERIDIAN, 'E', 'W'),
    formatMetres(altitude),
    ...sizes.map((size) => formatMetres((size >> 4) * 10 ** (size & 15))),
  ].join(' ');
}

function formatAngle(arc: number, positive: string, negative: string): string {
  const total = Math.abs(arc);
  const degrees = Math.floor(total / ARC_PER_DEGREE);
  const minutes = Math.floor((total % ARC_PER_DEGREE) / 60_000);
  const thousandths = total % 60_000;
  const seconds = `${Math.floor(thousandths / 1000)}.${String(thousandths % 1000).padStart(3, '0')}`;
  return `${degrees} ${minutes} ${seconds} ${arc < 0 ? negative : positive}`;
}

function formatMetres(cm: number): string {
  const total = Math.abs(cm);
  return `${cm < 0 ? '-' : ''}${Math.floor(total / 100)}.${String(total % 100).padStart(2, '0')}m`;
}

function parse(tokens: TokenReader): Octets {
  const latitude = parseAngle(tokens, 'latitude', 90, 'N', 'S');
  const longitude = parseAngle(tokens, 'longitude', 180, 'E', 'W');
  const altitude = parseMetres(tokens, 'altitude') + ALTITUDE_ZERO_CM;
  if (altitude < 0 || altitude > 0xffffffff) throw tokens.fail('BAD_VALUE', 'altitude is out of range');
  const sizes = DEFAULT_SIZES_CM.map((cm) =>
    encodeSize(tokens, tokens.atEnd ? cm : parseMetres(tokens, 'size')),
  );
  return (
    String.fromCharCode(0, ...sizes) +
    u32Octets(latitude + MERIDIAN) +
    u32Octets(longitude + MERIDIAN) +
    u32Octets(altitude)
  );
}

/** Degrees, then minutes and seconds if given, then the hemisphere. */
function parseAngle(
  tokens: TokenReader,
  what: string,
  max: number,
  positive: string,
  negative: string,
): number {
  let arc = tokens.number(`degrees of ${what}`, max) * ARC_PER_DEGREE;
  if (/^[0-9]/.test(tokens.peek()?.text ?? '')) arc += tokens.number(`minutes of ${what}`, 59) * 60_000;
  if (/^[0-9]/.test(tokens.peek()?.text ?? '')) {
    const { text } = tokens.next(`seconds of ${what}`);
    if (!/^[0-9]{1,2}(\.[0-9]{1,3})?$/.test(text) || Number(text) >= 60) {
      throw tokens.fail('BAD_NUMBER', `seconds of ${what} "${text}" are not 0 to 59.999`);
    }
    arc += Math.round(Number(text) * 1000);
  }
  const hemisphere = tokens.next(`hemisphere of ${what}`).text.toUpperCase();
  if (hemisphere !== positive && hemisphere !== negative) {
    throw tokens.fail('BAD_VALUE', `${what} ends neither in ${positive} nor in ${negative}`);
  }
  if (arc > max * ARC_PER_DEGREE) throw tokens.fail('BAD_VALUE', `${what} is more than ${max} degrees`);
  return hemisphere === negative ? -arc : arc;
}

/** Centimetres from metres with up to two decimals. */
function parseMetres(tokens: TokenReader, what: string): number {
  const { text } = tokens.next(what);
  const parts = /^(-?)([0-9]{1,8})(?:\.([0-9]{0,2}))?m?$/i.exec(text);
  if (!parts) throw tokens.fail('BAD_NUMBER', `${what} "${text}" is not in metres`);
  const cm = Number(parts[2]) * 100 + Number((parts[3] ?? '').padEnd(2, '0'));
  return parts[1] === '-' ? -cm : cm;
}

/** One decimal digit and a power of ten, rounded down as the RFC's example code does. */
function encodeSize(tokens: TokenReader, cm: number): number {
  if (cm < 0 || cm > 9_000_000_000) throw tokens.fail('BAD_VALUE', 'a size is from 0 to 90000000 metres');
  let exponent = 0;
  let base = cm;
  for (; base >= 10; base = Math.floor(base / 10)) exponent++;
  return (base << 4) | exponent;
}
