/**
 * Signature algorithms and DS digests: which exist, how they are named, which count as supported.
 *
 * Whether an algorithm is supported decides between insecure and bogus (RFC 4035 5.2: a zone whose DS
 * records name only unsupported algorithms is treated as unsigned), so it is a policy that is asked in one
 * place. RSA/SHA-1 can be verified but is unsupported unless configured (RFC 9905).
 *
 * RFC 8624 3, RFC 4509 3, RFC 5702, 6605, 8080; DESIGN 5.
 * Limitations: no GOST, no DSA, no SM2 (1, 3, 6, 12, 17, 23).
 */
import { hash } from 'node:crypto';
import type { Name, Octets } from '../dns/name.js';
import type { Rdata } from '../dns/rrset.js';
import { type Dnskey, type Ds, parseDs } from './records.js';

export const Algorithm = {
  RSASHA1: 5,
  RSASHA1_NSEC3_SHA1: 7,
  RSASHA256: 8,
  RSASHA512: 10,
  ECDSAP256SHA256: 13,
  ECDSAP384SHA384: 14,
  ED25519: 15,
  ED448: 16,
} as const;

/** How node:crypto is told what an algorithm is. `hash` null: the scheme hashes by itself. */
export interface AlgorithmScheme {
  readonly name: string;
  readonly kind: 'rsa' | 'ec' | 'ed';
  readonly hash: 'sha1' | 'sha256' | 'sha384' | 'sha512' | null;
  /** JWK curve; unused for RSA. */
  readonly curve: 'P-256' | 'P-384' | 'Ed25519' | 'Ed448' | '';
  /** Octets of key and signature; 0 where they vary (RSA). */
  readonly keyOctets: number;
  readonly signatureOctets: number;
}

const schemes = new Map<number, AlgorithmScheme>([
  [5, rsa('RSASHA1', 'sha1')],
  [7, rsa('RSASHA1-NSEC3-SHA1', 'sha1')],
  [8, rsa('RSASHA256', 'sha256')],
  [10, rsa('RSASHA512', 'sha512')],
  [
    13,
    {
      name: 'ECDSAP256SHA256',
      kind: 'ec',
      hash: 'sha256',
      curve: 'P-256',
      keyOctets: 64,
      signatureOctets: 64,
    },
  ],
  [
    14,
    {
      name: 'ECDSAP384SHA384',
      kind: 'ec',
      hash: 'sha384',
      curve: 'P-384',
      keyOctets: 96,
      signatureOctets: 96,
    },
  ],
  [15, { name: 'ED25519', kind: 'ed', hash: null, curve: 'Ed25519', keyOctets: 32, signatureOctets: 64 }],
  [16, { name: 'ED448', kind: 'ed', hash: null, curve: 'Ed448', keyOctets: 57, signatureOctets: 114 }],
]);

function rsa(name: string, hash: AlgorithmScheme['hash']): AlgorithmScheme {
  return { name, kind: 'rsa', hash, curve: '', keyOctets: 0, signatureOctets: 0 };
}

export function schemeOf(algorithm: number): AlgorithmScheme | undefined {
  return schemes.get(algorithm);
}

const otherNames = new Map([
  [1, 'RSAMD5'],
  [2, 'DH'],
  [3, 'DSA'],
  [6, 'DSA-NSEC3-SHA1'],
  [12, 'ECC-GOST'],
  [17, 'SM2SM3'],
  [23, 'ECC-GOST12'],
  [253, 'PRIVATEDNS'],
  [254, 'PRIVATEOID'],
]);

/** `13 (ECDSAP256SHA256)`, or the bare number when it has no name. */
export function formatAlgorithm(algorithm: number): string {
  const name = schemes.get(algorithm)?.name ?? otherNames.get(algorithm);
  return name ? `${algorithm} (${name})` : String(algorithm);
}

const digestHashes = new Map([
  [1, 'sha1'],
  [2, 'sha256'],
  [4, 'sha384'],
]);

export function isSupportedDigest(digestType: number): boolean {
  return digestHashes.has(digestType);
}

/** Digest of a DNSKEY as a DS holds it (RFC 4034 5.1.4); undefined for an unsupported digest type. */
export function dsDigest(owner: Name, key: Rdata, digestType: number): Octets | undefined {
  const algorithm = digestHashes.get(digestType);
  return algorithm && hash(algorithm, Buffer.from(owner + key, 'latin1'), 'buffer').latin1Slice();
}

/** True when the DS was made from this key of `owner`. Tag and algorithm are compared before anything is hashed. */
export function dsMatchesKey(owner: Name, ds: Ds, key: Dnskey): boolean {
  if (ds.keyTag !== key.keyTag || ds.algorithm !== key.algorithm) return false;
  return dsDigest(owner, key.rdata, ds.digestType) === ds.digest;
}

/** The DS records that can be followed, and why the others cannot. */
export interface UsableDs {
  readonly usable: readonly Ds[];
  readonly unsupportedAlgorithms: readonly number[];
  readonly unsupportedDigests: readonly number[];
}

/**
 * Sorts out DS records by what is supported. SHA-1 digests are left out where a better one stands beside
 * them for the same algorithm (RFC 4509 3), so that who can find SHA-1 collisions gains nothing.
 */
export function usableDs(rdatas: readonly Rdata[], supports: (algorithm: number) => boolean): UsableDs {
  const usable: Ds[] = [];
  const algorithms = new Set<number>();
  const digests = new Set<number>();
  for (const rdata of rdatas) {
    const ds = parseDs(rdata);
    if (!ds) continue;
    if (!supports(ds.algorithm)) algorithms.add(ds.algorithm);
    else if (!isSupportedDigest(ds.digestType)) digests.add(ds.digestType);
    else usable.push(ds);
  }
  const strong = usable.filter((ds) => ds.digestType !== 1);
  return {
    usable: usable.filter((ds) => ds.digestType !== 1 || !strong.some((s) => s.algorithm === ds.algorithm)),
    unsupportedAlgorithms: [...algorithms],
    unsupportedDigests: [...digests],
  };
}
