/**
 * HIP: host identity tag, public key, rendezvous servers.
 * RFC 8005 5 (RDATA: the lengths come first), 6 (text).
 */
import { formatName, type Octets } from '../../dns/name.js';
import { endOfName } from '../names.js';
import { u16At, u16Octets } from '../octets.js';
import { fromBase64, fromHex, toBase64, toHex } from './binary.js';
import type { Field } from './field.js';

/** Octets of HIT length, algorithm, key length. */
const LENGTHS_OCTETS = 4;

/** Offset after the key, where the names begin. */
function endOfKey(rdata: Octets): number {
  return LENGTHS_OCTETS + rdata.charCodeAt(0) + u16At(rdata, 2);
}

/** The whole RDATA of HIP. */
export const hipField: Field = {
  label: 'host identity',
  kind: 'other',
  sizeOctets: 0,
  end(rdata) {
    if (rdata.length < LENGTHS_OCTETS || rdata.charCodeAt(0) === 0 || u16At(rdata, 2) === 0) return -1;
    let at = endOfKey(rdata);
    while (at !== -1 && at < rdata.length) at = endOfName(rdata, at);
    return at === rdata.length ? at : -1;
  },
  format(rdata) {
    const keyAt = LENGTHS_OCTETS + rdata.charCodeAt(0);
    const key = rdata.slice(keyAt, endOfKey(rdata));
    const texts = [String(rdata.charCodeAt(1)), toHex(rdata.slice(LENGTHS_OCTETS, keyAt)), toBase64(key)];
    for (let at = endOfKey(rdata); at < rdata.length; at = endOfName(rdata, at)) {
      texts.push(formatName(rdata.slice(at, endOfName(rdata, at))));
    }
    return texts.join(' ');
  },
  parse(tokens) {
    const algorithm = tokens.number('public key algorithm', 255);
    const hit = fromHex(tokens.next('HIT').text);
    if (hit === undefined || hit.length > 255)
      throw tokens.fail('BAD_HEX', 'HIT is not up to 255 octets in hex');
    const key = fromBase64(tokens.next('public key').text);
    if (key === undefined) throw tokens.fail('BAD_BASE64', 'public key is not base64');
    let out = String.fromCharCode(hit.length, algorithm) + u16Octets(key.length) + hit + key;
    while (!tokens.atEnd) out += tokens.name('rendezvous server');
    return out;
  },
};
