/**
 * Verifies DSA/SHA-1 (algorithms 3 and 6) besides what the product verifies.
 *
 * resign.ts asks it which signatures of a recording were good. Never part of the program.
 * RFC 2536 2 and 3.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { Octets } from '../../src/dns/name.js';
import type { Dnskey } from '../../src/dnssec/records.js';
import { CryptoVerifier, type SignatureResult } from '../../src/dnssec/signature-verifier.js';

export const isDsa = (algorithm: number) => algorithm === 3 || algorithm === 6;

export class DsaVerifier extends CryptoVerifier {
  private readonly dsaKeys = new Map<Octets, KeyObject>();

  constructor() {
    super({ allowSha1: true });
  }

  override supports(algorithm: number): boolean {
    return isDsa(algorithm) || super.supports(algorithm);
  }

  override verify(key: Dnskey, signed: Octets, signature: Octets): SignatureResult {
    if (!isDsa(key.algorithm)) return super.verify(key, signed, signature);
    try {
      const made = this.dsaKeys.get(key.publicKey) ?? dsaKey(Buffer.from(key.publicKey, 'latin1'));
      this.dsaKeys.set(key.publicKey, made);
      // Recordings hold both forms: T, R and S as in the RFC, and the DER that old tools wrote.
      const isDer = signature.charCodeAt(0) === 0x30;
      const octets = Buffer.from(isDer ? signature : signature.slice(1), 'latin1');
      const dsaEncoding = isDer ? 'der' : 'ieee-p1363';
      const good = verify('sha1', Buffer.from(signed, 'latin1'), { key: made, dsaEncoding }, octets);
      return good ? 'good' : 'bad';
    } catch {
      return 'malformed';
    }
  }
}

function dsaKey(octets: Buffer): KeyObject {
  const size = 64 + octets[0]! * 8;
  const take = (at: number, length: number) => integer(octets.subarray(at, at + length));
  const q = take(1, 20);
  const [p, g, y] = [21, 21 + size, 21 + 2 * size].map((at) => take(at, size)) as [Buffer, Buffer, Buffer];
  const oid = Buffer.from('06072a8648ce380401', 'hex');
  const algorithm = der(0x30, Buffer.concat([oid, der(0x30, Buffer.concat([p, q, g]))]));
  const bits = der(0x03, Buffer.concat([Buffer.from([0]), y]));
  return createPublicKey({ key: der(0x30, Buffer.concat([algorithm, bits])), format: 'der', type: 'spki' });
}

function integer(octets: Buffer): Buffer {
  let at = 0;
  while (at < octets.length - 1 && octets[at] === 0) at++;
  const body = octets.subarray(at);
  return der(0x02, body[0]! & 0x80 ? Buffer.concat([Buffer.from([0]), body]) : body);
}

function der(tag: number, body: Buffer): Buffer {
  const { length } = body;
  const head =
    length < 128
      ? [tag, length]
      : length < 256
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), body]);
}
