/**
 * Walks RDATA along its layout: the framing check, the decoder's reading with decompression, the places of
 * names, and canonical form.
 *
 * On a query's way: every record of every upstream response passes `readRdata`.
 * RFC 3597 4, RFC 4034 6.2, RFC 6840 5.1.
 */
import { MAX_NAME_OCTETS, type Octets, toName } from '../../dns/name.js';
import { formatType, RRClass } from '../../dns/registry.js';
import type { Rdata } from '../../dns/rrset.js';
import { Malformed } from '../malformed.js';
import type { NameReader } from '../names.js';
import type { Field } from './field.js';
import { type Layout, layoutOf, NameRule } from './layouts.js';

/** RDLENGTH has 16 bits. */
export const MAX_RDATA_OCTETS = 65535;

/** Why `rdata` does not have this layout; undefined when it has. */
export function framingFault(layout: Layout, rdata: Octets): string | undefined {
  let at = 0;
  for (const field of layout.fields) {
    at = field.end(rdata, at);
    if (at === -1) return `${field.label} is cut short or malformed`;
  }
  return at === rdata.length ? undefined : 'octets are left over';
}

/**
 * Why `rdata` is not valid for `type`; undefined when it is, or when the type is opaque.
 * Stricter than the decoder: it also asks what the layout alone does not show.
 */
export function checkRdata(type: number, rdata: Rdata): string | undefined {
  const layout = layoutOf(type);
  if (layout === undefined) return undefined;
  return framingFault(layout, rdata) ?? layout.check?.(rdata);
}

/**
 * Reads the RDATA at `offset` of a message: checked, names in it decompressed where the type allows it.
 * @throws {Malformed}
 */
export function readRdata(
  wire: Buffer,
  names: NameReader,
  type: number,
  rrclass: number,
  offset: number,
  length: number,
): Rdata {
  const layout = layoutOf(type);
  if (layout === undefined || (layout.inOnly && rrclass !== RRClass.IN)) {
    return wire.latin1Slice(offset, offset + length);
  }
  if (layout.names >= NameRule.decompress)
    return decompress(wire, names, type, layout, offset, offset + length);
  const rdata = wire.latin1Slice(offset, offset + length);
  const fault = framingFault(layout, rdata);
  if (fault !== undefined) throw new Malformed(`RDATA of ${formatType(type)}: ${fault}`, offset);
  return rdata;
}

/** RDATA of one record grows by less than two names when it is decompressed. Used within one call only. */
const scratch = Buffer.alloc(MAX_RDATA_OCTETS + 2 * MAX_NAME_OCTETS);

function decompress(
  wire: Buffer,
  names: NameReader,
  type: number,
  layout: Layout,
  offset: number,
  end: number,
): Rdata {
  const alone = layout.fields.length === 1 && offset < end;
  if (alone) {
    const name = names.read(offset);
    if (names.end !== end) throw misfit(type, layout.fields[0]!, names.end, end, offset);
    return name;
  }
  let size = 0;
  let at = offset;
  for (const field of layout.fields) {
    const from = at;
    if (field.kind === 'name' && at < end) {
      size = names.copy(at, scratch, size);
      at = names.end;
    } else {
      if (field.kind === 'fixed') at += field.sizeOctets;
      else if (field.kind === 'string') at += 1 + (at < end ? wire[at]! : 0);
      else at = field.kind === 'name' ? end + 1 : end;
      if (at <= end) for (let i = from; i < at; i++) scratch[size++] = wire[i]!;
    }
    if (at > end) throw misfit(type, field, at, end, offset);
  }
  if (at < end) throw misfit(type, undefined, at, end, offset);
  return scratch.latin1Slice(0, size);
}

function misfit(type: number, field: Field | undefined, at: number, end: number, offset: number): Malformed {
  const fault = at < end || field === undefined ? 'octets are left over' : `${field.label} is cut short`;
  return new Malformed(`RDATA of ${formatType(type)}: ${fault}`, offset);
}

/** Where a name lies in RDATA: from `start` up to but not including `end`. */
export interface NameSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * The names in RDATA, in order; none for opaque types and for RDATA that breaks its layout.
 * Names that are there only for some values (gateways of IPSECKEY and AMTRELAY, servers of HIP) are not listed.
 */
export function rdataNames(type: number, rdata: Rdata): NameSpan[] {
  const spans: NameSpan[] = [];
  let at = 0;
  for (const field of layoutOf(type)?.fields ?? []) {
    const end = field.end(rdata, at);
    if (end === -1) return [];
    if (field.kind === 'name') spans.push({ start: at, end });
    at = end;
  }
  return spans;
}

/**
 * Canonical form of RDATA for signing and for ordering (RFC 4034 6.2): names in lower case in the listed
 * types, which since RFC 6840 5.1 do not include NSEC.
 */
export function canonicalRdata(type: number, rdata: Rdata): Rdata {
  const layout = layoutOf(type);
  if (layout === undefined || layout.names < NameRule.canonical) return rdata;
  let out = '';
  let from = 0;
  for (const { start, end } of rdataNames(type, rdata)) {
    const name = rdata.slice(start, end);
    const folded = toName(name);
    if (folded === name) continue;
    out += rdata.slice(from, start) + folded;
    from = end;
  }
  return from === 0 ? rdata : out + rdata.slice(from);
}
