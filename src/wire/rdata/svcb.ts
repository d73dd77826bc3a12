/**
 * SVCB and HTTPS: the parameters.
 *
 * Framing (ascending keys, lengths) is demanded of everything received (RFC 9460 2.2); the rules on values only
 * where text is read or written, since a resolver passes on what it does not use.
 * RFC 9460 2.1, 2.2, 7, 8 and appendix A; RFC 9461 5 (dohpath); RFC 9540 4 (ohttp);
 * RFC 9848 (ech).
 */
import type { Octets } from '../../dns/name.js';
import { endOfName } from '../names.js';
import { u16At, u16Octets } from '../octets.js';
import type { Field } from './field.js';
import { formatParamValue, paramKeys, paramName, paramValueFault, parseParamValue } from './svcb-values.js';
import type { TokenReader } from './token.js';

const MANDATORY = 0;
const ALPN = 1;
const NO_DEFAULT_ALPN = 2;

/** Key and value of one parameter. */
export interface SvcParam {
  readonly key: number;
  readonly value: Octets;
}

/** The parameters from `from` on; `rdata` must be well framed. */
export function svcParams(rdata: Octets, from: number): SvcParam[] {
  const params: SvcParam[] = [];
  for (let at = from; at < rdata.length; ) {
    const next = at + 4 + u16At(rdata, at + 2);
    params.push({ key: u16At(rdata, at), value: rdata.slice(at + 4, next) });
    at = next;
  }
  return params;
}

/** All parameters, to the end; there may be none. */
export const svcParamsField: Field = {
  label: 'parameters',
  kind: 'other',
  sizeOctets: 0,
  end(rdata, from) {
    let last = -1;
    let at = from;
    while (at + 4 <= rdata.length) {
      const key = u16At(rdata, at);
      if (key <= last) return -1;
      last = key;
      at += 4 + u16At(rdata, at + 2);
    }
    return at === rdata.length ? at : -1;
  },
  format(rdata, at) {
    return svcParams(rdata, at)
      .map(({ key, value }) => {
        const text = formatParamValue(key, value);
        return text === '' ? paramName(key) : `${paramName(key)}=${text}`;
      })
      .join(' ');
  },
  parse: parseParams,
};

/** Rules on content: each value's form, and that what is mandatory is there. */
export function checkSvcb(rdata: Octets): string | undefined {
  const params = svcParams(rdata, endOfName(rdata, 2));
  const keys = new Set(params.map(({ key }) => key));
  for (const { key, value } of params) {
    const fault = paramValueFault(key, value);
    if (fault !== undefined) return `${paramName(key)}: ${fault}`;
    if (key !== MANDATORY) continue;
    const absent = paramKeys(value).find((wanted) => !keys.has(wanted));
    if (absent !== undefined) return `mandatory: ${paramName(absent)} is not there`;
  }
  if (keys.has(NO_DEFAULT_ALPN) && !keys.has(ALPN)) return 'no-default-alpn without alpn';
  return undefined;
}

function parseParams(tokens: TokenReader): Octets {
  const params = new Map<number, Octets>();
  while (!tokens.atEnd) {
    const { text } = tokens.next('parameter');
    const equals = text.indexOf('=');
    const name = equals === -1 ? text : text.slice(0, equals);
    const [key, value] = parseParamValue(
      tokens,
      name,
      equals === -1 ? undefined : valueText(tokens, text, equals),
    );
    if (params.has(key)) throw tokens.fail('BAD_VALUE', `parameter ${paramName(key)} is given twice`);
    params.set(key, value);
  }
  return [...params]
    .sort(([a], [b]) => a - b)
    .map(([key, value]) => u16Octets(key) + u16Octets(value.length) + value)
    .join('');
}

/** The text after `=`, with the quotes around it gone. They may have made it a token of its own. */
function valueText(tokens: TokenReader, text: string, equals: number): string {
  const value = text.slice(equals + 1);
  if (value === '' && tokens.peek()?.quoted === true) return tokens.next('parameter').text;
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}
