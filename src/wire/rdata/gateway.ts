/**
 * The gateway of IPSECKEY and the relay of AMTRELAY: nothing, an address or a name, as an earlier octet says.
 * RFC 4025 2.5, RFC 8777 4.2.4. Limitations: a gateway of another kind has no text form; its octets are taken to
 * reach to the end of the RDATA.
 */
import { formatName, type Octets } from '../../dns/name.js';
import { endOfName } from '../names.js';
import { ipv4, ipv6 } from './address.js';
import { type Field, fixed } from './field.js';
import type { TokenReader } from './token.js';

/** A gateway whose kind `kindOf` finds in the RDATA before it. */
export function gateway(label: string, kindOf: (rdata: Octets) => number): Field {
  const v4 = ipv4(label);
  const v6 = ipv6(label);
  return {
    label,
    kind: 'other',
    sizeOctets: 0,
    end(rdata, at) {
      const kind = kindOf(rdata);
      if (kind === 0) return at;
      if (kind === 1) return v4.end(rdata, at);
      if (kind === 2) return v6.end(rdata, at);
      return kind === 3 ? endOfName(rdata, at) : rdata.length;
    },
    format(rdata, at, end) {
      const kind = kindOf(rdata);
      if (kind === 0) return '.';
      if (kind === 1) return v4.format(rdata, at, end);
      if (kind === 2) return v6.format(rdata, at, end);
      return kind === 3 ? formatName(rdata.slice(at, end)) : undefined;
    },
    parse(tokens, before) {
      return parseGateway(tokens, before, kindOf(before), label, v4, v6);
    },
  };
}

function parseGateway(
  tokens: TokenReader,
  before: Octets,
  kind: number,
  label: string,
  v4: Field,
  v6: Field,
): Octets {
  if (kind === 1) return v4.parse(tokens, before);
  if (kind === 2) return v6.parse(tokens, before);
  if (kind === 3) return tokens.name(label);
  if (kind !== 0) throw tokens.fail('BAD_VALUE', `${label} of kind ${kind} is not known`);
  if (tokens.next(label).text !== '.') throw tokens.fail('BAD_VALUE', `${label} of kind 0 is written "."`);
  return '';
}

/** AMTRELAY's discovery-optional bit and relay type, which share an octet but are two words. */
export const discoveryAndType: Field = fixed(
  'discovery-optional and relay type',
  1,
  (rdata, at) => `${rdata.charCodeAt(at) >> 7} ${rdata.charCodeAt(at) & 127}`,
  (tokens) => {
    const discovery = tokens.number('discovery-optional', 1);
    return String.fromCharCode((discovery << 7) | tokens.number('relay type', 127));
  },
);
