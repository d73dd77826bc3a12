/**
 * RDATA as text, and text as RDATA.
 *
 * RFC 1035 5.1; RFC 3597 5: the generic form `\# length hex` for types we do not know, for RDATA that breaks
 * the rules of its type, and accepted for every type.
 */
import type { Octets } from '../../dns/name.js';
import { formatType, RRClass } from '../../dns/registry.js';
import type { Rdata } from '../../dns/rrset.js';
import { fromHex, toHex } from './binary.js';
import { type Layout, layoutOf } from './layouts.js';
import { RdataError, type RdataToken, TokenReader } from './token.js';
import { checkRdata, MAX_RDATA_OCTETS } from './walk.js';

/**
 * Presentation form, letter case of names kept. Reading it back with {@link parseRdata} gives the same octets,
 * but what breaks the rules of its type, and is generic therefore, is refused there.
 *
 * @param rrclass some types (A, AAAA) have their form only in class IN
 */
export function formatRdata(type: number, rdata: Rdata, rrclass: number = RRClass.IN): string {
  const layout = layoutOf(type);
  if (layout === undefined || (layout.inOnly && rrclass !== RRClass.IN)) return formatGeneric(rdata);
  if (checkRdata(type, rdata) !== undefined) return formatGeneric(rdata);
  return formatFields(layout, rdata) ?? formatGeneric(rdata);
}

function formatFields(layout: Layout, rdata: Rdata): string | undefined {
  const texts: string[] = [];
  let at = 0;
  for (const field of layout.fields) {
    const end = field.end(rdata, at);
    const text = field.format(rdata, at, end);
    if (text === undefined) return undefined;
    if (text !== '') texts.push(text);
    at = end;
  }
  return texts.length === 0 ? undefined : texts.join(' ');
}

/** `\# 4 C0000201` (RFC 3597 5). */
export function formatGeneric(rdata: Rdata): string {
  return rdata === '' ? '\\# 0' : `\\# ${rdata.length} ${toHex(rdata)}`;
}

/**
 * Reads presentation form, of the type or generic.
 *
 * @param origin what relative names are completed with, in wire form
 * @throws {RdataError}
 */
export function parseRdata(type: number, tokens: readonly RdataToken[], origin: Octets): Rdata {
  const reader = new TokenReader(tokens, origin);
  const first = tokens[0];
  const rdata =
    first !== undefined && !first.quoted && first.text === '\\#'
      ? parseGeneric(reader)
      : parseFields(type, reader);
  if (rdata.length > MAX_RDATA_OCTETS)
    throw new RdataError('BAD_VALUE', 'RDATA is longer than 65535 octets', 0);
  const fault = checkRdata(type, rdata);
  if (fault !== undefined) {
    throw new RdataError(
      'BAD_VALUE',
      `RDATA of ${formatType(type)}: ${fault}`,
      Math.max(0, tokens.length - 1),
    );
  }
  return rdata;
}

function parseFields(type: number, reader: TokenReader): Rdata {
  const layout = layoutOf(type);
  if (layout === undefined) {
    throw new RdataError(
      'BAD_GENERIC',
      `RDATA of ${formatType(type)} can only be given as \\# LENGTH HEX`,
      0,
    );
  }
  let rdata = '';
  for (const field of layout.fields) rdata += field.parse(reader, rdata);
  reader.finish();
  return rdata;
}

function parseGeneric(reader: TokenReader): Rdata {
  reader.next('\\#');
  const length = reader.number('length after \\#', MAX_RDATA_OCTETS);
  const octets = fromHex(reader.joinRest());
  if (octets === undefined)
    throw reader.fail('BAD_HEX', 'what follows \\# LENGTH is not hex digits in pairs');
  if (octets.length !== length) {
    throw reader.fail('BAD_GENERIC', `\\# says ${length} octets, but ${octets.length} follow`);
  }
  return octets;
}
