/**
 * Checks one signature with one key: the only place, with libcrypto.ts, that hands attacker-made octets to OpenSSL.
 *
 * ECDSA goes the short way of libcrypto.ts where there is one, everything else through node:crypto. There,
 * making a key object of a DNSKEY costs as much as a verification (elliptic curves) and each is used many
 * times, so they are cached; a key that cannot be made is remembered as malformed, since whoever sends one
 * can send it again. Signatures that verified are remembered when the caller says so, with the octets that they
 * cover: the same SOA, NSEC and NSEC3 records come back with every denial of a zone.
 *
 * RFC 3110 (RSA), 5702, 6605 4, 8080; RFC 8624 3.1 for what is supported.
 * Limitations: RSA keys from 512 to 4096 bits with exponents up to 64 bits; checks run on the calling thread.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { Octets } from '../dns/name.js';
import { Algorithm, type AlgorithmScheme, schemeOf } from './algorithms.js';
import { BoundedMap } from './bounded-map.js';
import { ecdsaVerifier } from './libcrypto.js';
import type { Dnskey } from './records.js';

/** `malformed`: the key cannot be read. It counts as a failed check, for it was worth an attempt. */
export type SignatureResult = 'good' | 'bad' | 'malformed';

/** What the validator asks of cryptography; a test may stand in for algorithms that nobody implements. */
export interface SignatureVerifier {
  /** False: treat what only this algorithm signs as unsigned (RFC 4035 5.2). */
  supports(algorithm: number): boolean;
  verify(key: Dnskey, signed: Octets, signature: Octets): SignatureResult;
  /** Keeps in mind that `verify` said `good`. */
  remember(key: Dnskey, signed: Octets, signature: Octets): void;
  /** True when that is remembered, so that `verify` need not be asked. */
  isKnown(key: Dnskey, signed: Octets, signature: Octets): boolean;
}

export interface CryptoVerifierOptions {
  /** Take RSA/SHA-1 (5 and 7) for supported. Default false: such zones are insecure. */
  readonly allowSha1?: boolean;
  /** Most key objects kept, about 1 kB each. Default 4096. */
  readonly keyLimit?: number;
  /** False: node:crypto for everything. Default true. */
  readonly native?: boolean;
  /** Most verified signatures kept, about 600 octets each. Default 4096. */
  readonly signatureLimit?: number;
}

interface Verified {
  readonly key: Octets;
  readonly signed: Octets;
}

export class CryptoVerifier implements SignatureVerifier {
  private readonly keys: BoundedMap<Octets, KeyObject | 'malformed'>;
  private readonly verified: BoundedMap<Octets, Verified>;
  private readonly allowSha1: boolean;
  private readonly native: boolean;

  constructor(options: CryptoVerifierOptions = {}) {
    this.keys = new BoundedMap(options.keyLimit ?? 4096);
    this.verified = new BoundedMap(options.signatureLimit ?? 4096);
    this.allowSha1 = options.allowSha1 ?? false;
    this.native = options.native ?? true;
  }

  supports(algorithm: number): boolean {
    if (algorithm === Algorithm.RSASHA1 || algorithm === Algorithm.RSASHA1_NSEC3_SHA1) return this.allowSha1;
    return schemeOf(algorithm) !== undefined;
  }

  remember(key: Dnskey, signed: Octets, signature: Octets): void {
    this.verified.set(signature, { key: key.rdata, signed });
  }

  isKnown(key: Dnskey, signed: Octets, signature: Octets): boolean {
    const known = this.verified.get(signature);
    return known !== undefined && known.signed === signed && known.key === key.rdata;
  }

  verify(key: Dnskey, signed: Octets, signature: Octets): SignatureResult {
    const scheme = schemeOf(key.algorithm);
    if (!scheme) return 'malformed';
    const { curve } = scheme;
    const short = this.native && (curve === 'P-256' || curve === 'P-384') ? ecdsaVerifier(curve) : undefined;
    if (short) return short.verify(key.publicKey, signed, signature);
    const keyObject = this.keyObject(key, scheme);
    if (keyObject === 'malformed') return 'malformed';
    if (scheme.signatureOctets !== 0 && signature.length !== scheme.signatureOctets) return 'bad';
    return checkSignature(scheme, keyObject, signed, signature) ? 'good' : 'bad';
  }

  private keyObject(key: Dnskey, scheme: AlgorithmScheme): KeyObject | 'malformed' {
    const known = this.keys.get(key.rdata);
    if (known) return known;
    const made = importKey(key, scheme);
    this.keys.set(key.rdata, made);
    return made;
  }
}

function checkSignature(scheme: AlgorithmScheme, key: KeyObject, signed: Octets, signature: Octets): boolean {
  const data = Buffer.from(signed, 'latin1');
  const octets = Buffer.from(signature, 'latin1');
  try {
    if (scheme.kind === 'ec') return verify(scheme.hash, data, { key, dsaEncoding: 'ieee-p1363' }, octets);
    return verify(scheme.hash, data, key, octets);
  } catch {
    return false; // OpenSSL refuses some signatures by an error instead of "no"
  }
}

/** Makes the key object of a DNSKEY by way of JWK, which spares the DER decoder. */
export function importKey(key: Dnskey, scheme: AlgorithmScheme): KeyObject | 'malformed' {
  const jwk = scheme.kind === 'rsa' ? rsaJwk(key.publicKey) : curveJwk(key.publicKey, scheme);
  if (!jwk) return 'malformed';
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return 'malformed'; // a point that is not on the curve, an impossible modulus
  }
}

type Jwk = Record<string, string>;

function curveJwk(publicKey: Octets, scheme: AlgorithmScheme): Jwk | undefined {
  if (publicKey.length !== scheme.keyOctets) return undefined;
  if (scheme.kind === 'ed') return { kty: 'OKP', crv: scheme.curve, x: base64Url(publicKey) };
  const half = publicKey.length / 2;
  const [x, y] = [publicKey.slice(0, half), publicKey.slice(half)];
  return { kty: 'EC', crv: scheme.curve, x: base64Url(x), y: base64Url(y) };
}

const RSA_MODULUS_OCTETS = { min: 64, max: 512 };
const RSA_EXPONENT_MAX_OCTETS = 8;

/** RFC 3110 2: exponent length in one octet, or zero and two octets; exponent; modulus. */
function rsaJwk(publicKey: Octets): Jwk | undefined {
  const long = publicKey.charCodeAt(0) === 0;
  const start = long ? 3 : 1;
  const length = long ? (publicKey.charCodeAt(1) << 8) | publicKey.charCodeAt(2) : publicKey.charCodeAt(0);
  const exponent = stripZeros(publicKey.slice(start, start + length));
  const modulus = stripZeros(publicKey.slice(start + length));
  if (exponent.length === 0 || exponent.length > RSA_EXPONENT_MAX_OCTETS) return undefined;
  if (modulus.length < RSA_MODULUS_OCTETS.min || modulus.length > RSA_MODULUS_OCTETS.max) return undefined;
  return { kty: 'RSA', n: base64Url(modulus), e: base64Url(exponent) };
}

function stripZeros(octets: Octets): Octets {
  let at = 0;
  while (at < octets.length && octets.charCodeAt(at) === 0) at++;
  return octets.slice(at);
}

function base64Url(octets: Octets): string {
  return Buffer.from(octets, 'latin1').toString('base64url');
}
