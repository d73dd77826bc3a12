/**
 * The data fields of a record line: hands the tokens to wire/ and gives its errors their place.
 */
import { type Octets, ROOT } from '../dns/name.js';
import { formatType, RRType } from '../dns/registry.js';
import type { Rdata } from '../dns/rrset.js';
import { parseRdata } from '../wire/rdata/registry.js';
import { RdataError } from '../wire/rdata/token.js';
import { EntryError } from './entry-error.js';
import type { Token } from './scan.js';
import { parseTtl } from './ttl.js';
import { zoneError } from './zone-error.js';

/**
 * @param typeToken where "data missing" is reported when there is no field at all
 * @throws {EntryError} with the place of the field that is wrong
 */
export function readRdata(
  type: number,
  fields: readonly Token[],
  origin: Octets | undefined,
  typeToken: Token,
): Rdata {
  try {
    return parseRdata(type, type === RRType.SOA ? plainTimes(fields) : fields, origin ?? ROOT);
  } catch (error) {
    if (!(error instanceof RdataError)) throw error;
    const place = fields[error.tokenIndex] ?? endOf(fields.at(-1) ?? typeToken);
    throw new EntryError(zoneError('BAD_RDATA', place, `${formatType(type)} data: ${error.message}`));
  }
}

/** Refresh, retry, expire and minimum of a SOA may have units as TTLs do. */
function plainTimes(fields: readonly Token[]): Token[] {
  return fields.map((field, i) => {
    const sec = i >= 3 && i <= 6 && !field.quoted ? parseTtl(field.text) : undefined;
    return typeof sec === 'number' ? { ...field, text: String(sec) } : field;
  });
}

/** Where a missing field would have stood. */
function endOf(token: Token): Token {
  const quotes = token.quoted ? 2 : 0;
  return { ...token, column: token.column + token.text.length + quotes };
}
