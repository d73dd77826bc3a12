/**
 * Verifies DSA (algorithms 3 and 6), which the product does not, so that recorded scenarios signed with it
 * can be played in process. RFC 2536; FIPS 186 parameters as they stand in the key.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { Octets } from '../../src/dns/name.js';
import type { Dnskey } from '../../src/dnssec/records.js';
import {
  CryptoVerifier,
  type SignatureResult,
  type SignatureVerifier,
} from '../../src/dnssec/signature-verifier.js';

const OID_DSA = Buffer.from('06072a8648ce380401', 'hex');

export class DsaVerifier implements SignatureVerifier {
  private readonly others = new CryptoVerifier({ allowSha1: true });
  private readonly keys = new Map<Octets, KeyObject | undefined>();

  supports(algorithm: number): boolean {
    return isDsa(algorithm) || this.others.supports(algorithm);
  }

  remember(key: Dnskey, signed: Octets, signature: Octets): void {
    this.others.remember(key, signed, signature);
  }

  isKnown(key: Dnskey, signed: Octets, signature: Octets): boolean {
    return this.others.isKnown(key, signed, signature);
  }

  verify(key: Dnskey, signed: Octets, signature: Octets): SignatureResult {
    if (!isDsa(key.algorithm)) return this.others.verify(key, signed, signature);
    if (!this.keys.has(key.rdata)) this.keys.set(key.rdata, dsaKey(Buffer.from(key.publicKey, 'latin1')));
    const made = this.keys.get(key.rdata);
    if (!made) return 'malformed';
    const octets = Buffer.from(signature, 'latin1');
    const data = Buffer.from(signed, 'latin1');
    // RFC 2536 3 has T, R and S of 20 octets each; old signers wrote ASN.1 instead.
    const good =
      octets.length === 41
        ? verify('sha1', data, { key: made, dsaEncoding: 'ieee-p1363' }, octets.subarray(1))
        : verify('sha1', data, { key: made, dsaEncoding: 'der' }, octets);
    return good ? 'good' : 'bad';
  }
}

function isDsa(algorithm: number): boolean {
  return algorithm === 3 || algorithm === 6;
}

/** RFC 2536 2: T, Q of 20 octets, then P, G and Y of 64 + 8 T octets each. */
function dsaKey(octets: Buffer): KeyObject | undefined {
  const size = 64 + 8 * (octets[0] ?? 0);
  if (octets.length !== 21 + 3 * size) return undefined;
  const q = octets.subarray(1, 21);
  const [p, g, y] = [0, 1, 2].map((i) => octets.subarray(21 + i * size, 21 + (i + 1) * size));
  const parameters = der(0x30, integer(p!), integer(q), integer(g!));
  const key = der(0x03, Buffer.from([0]), integer(y!));
  const spki = der(0x30, der(0x30, OID_DSA, parameters), key);
  return createPublicKey({ key: spki, format: 'der', type: 'spki' });
}

function integer(octets: Buffer): Buffer {
  return der(0x02, Buffer.from([0]), octets);
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = content.length;
  const head = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), content]);
}
