/** The certificate type of CERT: a number, read by mnemonic too (RFC 4398 2.1). */
import { u16At, u16Octets } from '../octets.js';
import { type Field, fixed } from './field.js';

const mnemonics = new Map<string, number>([
  ['PKIX', 1],
  ['SPKI', 2],
  ['PGP', 3],
  ['IPKIX', 4],
  ['ISPKI', 5],
  ['IPGP', 6],
  ['ACPKIX', 7],
  ['IACPKIX', 8],
  ['URI', 253],
  ['OID', 254],
]);

export const certificateType: Field = fixed(
  'certificate type',
  2,
  (rdata, at) => String(u16At(rdata, at)),
  (tokens) => {
    const known = mnemonics.get(tokens.peek()?.text.toUpperCase() ?? '');
    if (known === undefined) return u16Octets(tokens.number('certificate type', 65535));
    tokens.next('certificate type');
    return u16Octets(known);
  },
);
