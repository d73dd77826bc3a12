/**
 * Keys that sign, and the signing of one RRset: the counterpart of verify.ts.
 *
 * Used by the signer of mock zones and by tests; a resolver never signs.
 * RFC 4034 2, 3.1.8.1 and 5.1.4, RFC 3110, RFC 6605, RFC 8080.
 * Limitations: keys live in memory; RSA keys are read, not made; RSA/SHA-1 can sign, so that policy against it can be
 * tested.
 */
import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import type { Name, Octets } from '../dns/name.js';
import { labelCount } from '../dns/name.js';
import type { Rdata, RRset } from '../dns/rrset.js';
import { u16Octets, u32Octets } from '../wire/octets.js';
import { Algorithm, type AlgorithmScheme, dsDigest, schemeOf } from './algorithms.js';
import { CanonicalRdatas, signedData, signedLabelCount } from './canonical.js';
import { type Dnskey, KEY_FLAG_SEP, parseDnskey, parseRrsig } from './records.js';

export interface SigningKey extends Dnskey {
  readonly privateKey: KeyObject;
}

/** When signatures begin and end, in seconds since 1970. */
export interface SigningTimes {
  readonly inceptionSec: number;
  readonly expirationSec: number;
}

/**
 * Makes a new key pair.
 * @throws {Error} for RSA and for what cannot sign
 */
export function generateSigningKey(algorithm: number, flags: number): SigningKey {
  const scheme = mustScheme(algorithm);
  return signingKey(algorithm, flags, generatePrivateKey(scheme));
}

/**
 * Takes a private key in PEM (PKCS 8), as fixed keys of test zones are kept.
 *
 * @param algorithm undefined: the usual one for a key of its type
 * @throws {Error} when it is no private key, or does not fit the algorithm
 */
export function readSigningKey(algorithm: number | undefined, flags: number, pem: string): SigningKey {
  const privateKey = createPrivateKey(pem);
  return signingKey(algorithm ?? usualAlgorithm(privateKey), flags, privateKey);
}

function usualAlgorithm({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): number {
  const curve = asymmetricKeyDetails?.namedCurve;
  const algorithm = usualAlgorithms.get(curve ?? String(asymmetricKeyType));
  if (algorithm === undefined) throw new Error(`no algorithm signs with ${curve ?? asymmetricKeyType} keys`);
  return algorithm;
}

const usualAlgorithms = new Map<string, number>([
  ['rsa', Algorithm.RSASHA256],
  ['prime256v1', Algorithm.ECDSAP256SHA256],
  ['secp384r1', Algorithm.ECDSAP384SHA384],
  ['ed25519', Algorithm.ED25519],
  ['ed448', Algorithm.ED448],
]);

/** True for a key that signs the DNSKEY RRset. */
export function isKeySigningKey(key: SigningKey): boolean {
  return (key.flags & KEY_FLAG_SEP) !== 0;
}

/**
 * Without the key generator of Node 20, which now and then never returns: when a collection falls into it, the thread
 * waits for a lock that it holds itself.
 */
function generatePrivateKey({ curve, name }: AlgorithmScheme): KeyObject {
  switch (curve) {
    case '':
      throw new Error(`keys for ${name} are not made here`);
    case 'Ed25519':
    case 'Ed448': {
      const { head, seedOctets } = edwardsKeys[curve];
      const key = Buffer.concat([Buffer.from(head, 'hex'), randomBytes(seedOctets)]);
      return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
    }
    default: {
      const ecdh = createECDH(curve === 'P-256' ? 'prime256v1' : 'secp384r1');
      const point = ecdh.generateKeys();
      const half = (point.length - 1) / 2;
      const number = (octets: Buffer) => octets.toString('base64url');
      const [x, y] = [number(point.subarray(1, 1 + half)), number(point.subarray(1 + half))];
      // Its leading zeros are not given; JWK wants them (RFC 7518 6.2.2.1).
      const secret = ecdh.getPrivateKey();
      const d = number(Buffer.concat([Buffer.alloc(half - secret.length), secret]));
      return createPrivateKey({ key: { kty: 'EC', crv: curve, x, y, d }, format: 'jwk' });
    }
  }
}

/** PKCS 8 up to the octets of the seed (RFC 8410 7), and how many these are. */
const edwardsKeys = {
  Ed25519: { head: '302e020100300506032b657004220420', seedOctets: 32 },
  Ed448: { head: '3047020100300506032b6571043b0439', seedOctets: 57 },
} as const;

function mustScheme(algorithm: number): AlgorithmScheme {
  const scheme = schemeOf(algorithm);
  if (!scheme) throw new Error(`algorithm ${algorithm} cannot sign`);
  return scheme;
}

function signingKey(algorithm: number, flags: number, privateKey: KeyObject): SigningKey {
  const publicKey = publicKeyOctets(mustScheme(algorithm), createPublicKey(privateKey));
  const rdata = u16Octets(flags) + String.fromCharCode(3, algorithm) + publicKey;
  return { ...parseDnskey(rdata)!, privateKey };
}

function publicKeyOctets(scheme: AlgorithmScheme, key: KeyObject): Octets {
  const jwk = key.export({ format: 'jwk' });
  const octets = (text: string | undefined) => Buffer.from(text ?? '', 'base64url').latin1Slice();
  if (scheme.kind !== 'rsa') {
    const point = octets(jwk.x) + octets(jwk.y);
    if (jwk.crv !== scheme.curve) throw new Error(`the key is not one for ${scheme.name}`);
    return point;
  }
  const exponent = octets(jwk.e);
  if (jwk.kty !== 'RSA') throw new Error(`the key is not one for ${scheme.name}`);
  return String.fromCharCode(exponent.length) + exponent + octets(jwk.n);
}

/** The DS that the parent of `zone` publishes for a key. */
export function dsRdata(zone: Name, key: Dnskey, digestType = 2): Rdata {
  const digest = dsDigest(zone, key.rdata, digestType);
  if (digest === undefined) throw new Error(`digest type ${digestType} is not supported`);
  return u16Octets(key.keyTag) + String.fromCharCode(key.algorithm, digestType) + digest;
}

/**
 * The RRSIG of an RRset of `zone`.
 * @param labels the label count, where a test wants another than the right one
 */
export function signRRset(
  rrset: RRset,
  key: SigningKey,
  zone: Name,
  times: SigningTimes,
  labels: number = signedLabelCount(rrset.name),
): Rdata {
  const head =
    u16Octets(rrset.type) +
    String.fromCharCode(key.algorithm, labels) +
    u32Octets(rrset.ttlSec) +
    u32Octets(times.expirationSec) +
    u32Octets(times.inceptionSec) +
    u16Octets(key.keyTag) +
    zone;
  const data = signedData(rrset, parseRrsig(`${head}\0`)!, new CanonicalRdatas(rrset));
  if (!data) throw new Error(`${labelCount(rrset.name)} labels cannot be signed as ${labels}`);
  return head + signOctets(key, data.octets);
}

/** Signs octets as the key's algorithm wants it. */
export function signOctets(key: SigningKey, data: Octets): Octets {
  const scheme = mustScheme(key.algorithm);
  const octets = Buffer.from(data, 'latin1');
  const { privateKey } = key;
  if (scheme.kind !== 'ec') return sign(scheme.hash, octets, privateKey).latin1Slice();
  return sign(scheme.hash, octets, { key: privateKey, dsaEncoding: 'ieee-p1363' }).latin1Slice();
}
