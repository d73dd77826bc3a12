/**
 * The door to RDATA: what other folders may ask about the content of a record, for any type.
 *
 * A type is entered in layouts.ts; the functions here work from that table alone.
 */
export { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from './address.js';
export { fromBase32Hex, fromBase64, fromHex, toBase32Hex, toBase64, toHex } from './binary.js';
export { bitmapHas, bitmapTypes, encodeBitmap } from './bitmap.js';
export { formatTime, parseTime } from './dnssec-fields.js';
export { knownTypes } from './layouts.js';
export { formatGeneric, formatRdata, parseRdata } from './text.js';
export { RdataError, type RdataErrorCode, type RdataToken } from './token.js';
export { canonicalRdata, checkRdata, type NameSpan, rdataNames } from './walk.js';
