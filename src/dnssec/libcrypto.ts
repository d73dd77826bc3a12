/**
 * ECDSA verification by the OpenSSL inside Node, called directly through koffi.
 *
 * node:crypto takes 50 us to import a P-256 key (it multiplies the point by the group's order, which proves
 * nothing more for a curve with cofactor 1) and 60 us to verify, of which 42 are arithmetic. Here one key object
 * per curve and thread takes in one public point after the other, each checked to be on the curve, so nothing is
 * made per key, nothing need be freed, and no pointer outlives a call but these two.
 *
 * What a server sent reaches C only as octets of the exact lengths of the curve, in buffers of this file. A
 * library that lacks a symbol or fails the test with a known answer is not used; node:crypto is then.
 *
 * RFC 6605 4 (key and signature format), SEC 1 2.3.3 (points).
 * Limitations: P-256 and P-384 only. For RSA and Ed25519 the way through node:crypto costs hardly more.
 */
import type { Octets } from '../dns/name.js';
import { type Koffi, loadKoffi } from '../runtime/koffi.js';

/** As node:crypto would say: `malformed` is a key that cannot be one. */
export type EcdsaResult = 'good' | 'bad' | 'malformed';
export type EcdsaCurve = 'P-256' | 'P-384';

/** Opaque: an address that only goes back to the library. */
type Pointer = unknown;
type Hash = (data: Uint8Array, length: number, digest: Uint8Array) => Pointer;

/** What is used of OpenSSL; exported for tests of a library that lies. */
export interface LibCrypto {
  newKey(curve: number): Pointer | null;
  setPoint(key: Pointer, point: Uint8Array, length: number, context: null): number;
  verify(
    type: number,
    digest: Uint8Array,
    digestLength: number,
    signature: Uint8Array,
    signatureLength: number,
    key: Pointer,
  ): number;
  sha256: Hash;
  sha384: Hash;
  clearErrors(): void;
}

interface CurveParts {
  /** Number of the curve in OpenSSL's table of objects. */
  readonly id: number;
  /** Octets of a coordinate, a number of the signature, and the digest. */
  readonly size: number;
  readonly hash: 'sha256' | 'sha384';
}

const curves: Readonly<Record<EcdsaCurve, CurveParts>> = {
  'P-256': { id: 415, size: 32, hash: 'sha256' },
  'P-384': { id: 715, size: 48, hash: 'sha384' },
};

const UNCOMPRESSED_POINT = 4;
const DER_INTEGER = 0x02;
const DER_SEQUENCE = 0x30;
/** Signed data of nearly all RRsets; larger ones get a buffer of their own. */
const SCRATCH_OCTETS = 4096;

/** Verification on one curve. Not to be shared between threads. */
export class EcdsaVerifier {
  private readonly point: Buffer;
  private readonly digest: Buffer;
  private readonly der: Buffer;
  private readonly scratch = Buffer.alloc(SCRATCH_OCTETS);

  private constructor(
    private readonly lib: LibCrypto,
    private readonly key: Pointer,
    private readonly parts: CurveParts,
  ) {
    const { size } = parts;
    this.point = Buffer.alloc(1 + 2 * size, UNCOMPRESSED_POINT);
    this.digest = Buffer.alloc(size);
    this.der = Buffer.alloc(2 + 2 * (size + 3));
  }

  /** Undefined when the library will not do. */
  static open(lib: LibCrypto, curve: EcdsaCurve): EcdsaVerifier | undefined {
    const parts = curves[curve];
    const key = lib.newKey(parts.id);
    if (!key) return undefined;
    const made = new EcdsaVerifier(lib, key, parts);
    return made.passes(knownAnswers[curve]) ? made : undefined;
  }

  /** @param publicKey as in a DNSKEY: x and y; @param signature as in an RRSIG: r and s */
  verify(publicKey: Octets, signed: Octets, signature: Octets): EcdsaResult {
    const { lib, point, parts } = this;
    if (publicKey.length !== 2 * parts.size) return 'malformed';
    point.latin1Write(publicKey, 1);
    if (lib.setPoint(this.key, point, point.length, null) !== 1) return this.failed('malformed');
    if (signature.length !== 2 * parts.size) return 'bad';
    if (!this.hash(signed)) return this.failed('bad');
    const length = writeSignature(this.der, signature);
    const result = lib.verify(0, this.digest, parts.size, this.der, length, this.key);
    return result === 1 ? 'good' : this.failed('bad');
  }

  private hash(signed: Octets): boolean {
    const data = signed.length <= SCRATCH_OCTETS ? this.scratch : Buffer.alloc(signed.length);
    data.latin1Write(signed, 0);
    return this.lib[this.parts.hash](data, signed.length, this.digest) !== null;
  }

  /** OpenSSL queues errors for the thread; Node's TLS would take those left there for its own. */
  private failed(result: EcdsaResult): EcdsaResult {
    this.lib.clearErrors();
    return result;
  }

  /** One right signature, and what must not pass: another text, another signature, a point off the curve. */
  private passes({ key, signature }: KnownAnswer): boolean {
    const [publicKey, good] = [fromBase64(key), fromBase64(signature)];
    return (
      this.verify(publicKey, KNOWN_TEXT, good) === 'good' &&
      this.verify(publicKey, `${KNOWN_TEXT}.`, good) === 'bad' &&
      this.verify(publicKey, KNOWN_TEXT, changedAtEnd(good)) === 'bad' &&
      this.verify(changedAtEnd(publicKey), KNOWN_TEXT, good) === 'malformed' &&
      this.verify(publicKey, KNOWN_TEXT, good) === 'good'
    );
  }
}

/** Writes r and s as DER (RFC 3279 2.2.3), each without leading zeros and never negative; gives the length. */
function writeSignature(der: Buffer, signature: Octets): number {
  const half = signature.length / 2;
  const middle = writeInteger(der, 2, signature, 0, half);
  const end = writeInteger(der, middle, signature, half, signature.length);
  der[0] = DER_SEQUENCE;
  der[1] = end - 2;
  return end;
}

function writeInteger(der: Buffer, at: number, octets: Octets, from: number, end: number): number {
  let first = from;
  while (first < end - 1 && octets.charCodeAt(first) === 0) first++;
  const sign = octets.charCodeAt(first) >= 0x80 ? 1 : 0;
  const length = end - first;
  der[at] = DER_INTEGER;
  der[at + 1] = length + sign;
  if (sign) der[at + 2] = 0;
  const start = at + 2 + sign;
  for (let i = 0; i < length; i++) der[start + i] = octets.charCodeAt(first + i);
  return start + length;
}

interface KnownAnswer {
  readonly key: string;
  readonly signature: string;
}

/** Made by node:crypto with keys that were then forgotten. */
const KNOWN_TEXT = 'stratadns';
const knownAnswers: Readonly<Record<EcdsaCurve, KnownAnswer>> = {
  'P-256': {
    key: 'X6yHtrp345Qih2rTVzPIMRm47XO55Kc+2JnpJjPVxlrWmvc1XbJBmYvugvwFdLQiAJjdE9OmNDAfAct9BfkdeQ==',
    signature: 'XtU0+6xE+H/ggue7FM4tB1ZT7122NhLgPVkHS5kotpCZqdcQRu7hGXeJA0g2Qle0m/7clY/1nTTaov2RhaSYMA==',
  },
  'P-384': {
    key: 'XmJRnWoIxm7aL33t4BF8hnKf11b9vJmXQxVfSWtRcq2HNgOKmzWvdId+qrc6/9gGuR5EUNxrFeDYfawWB5Ljd6Wh7NpfQCjB7QeSYdZrzrIHmSLUMRQZk2fZIajD18xE',
    signature:
      'Yd6NL3IKxrQ6jWctHrwZvpTQE3cXzSp3+sfC7QLHtGzOLeFZAZxM0JpyoOimE9VNUYlfj4aHnAEa6/8XVDo0NaP1kZZgFZ7+zOTTDUZ4huOG80U1t3uMF1mdzLQlz3i1',
  },
};

function fromBase64(text: string): Octets {
  return Buffer.from(text, 'base64').latin1Slice();
}

function changedAtEnd(octets: Octets): Octets {
  return octets.slice(0, -1) + String.fromCharCode(octets.charCodeAt(octets.length - 1) ^ 1);
}

let library: LibCrypto | undefined | null;
const opened = new Map<EcdsaCurve, EcdsaVerifier | null>();

/** The verifier of this thread for a curve; undefined where OpenSSL cannot be called so. */
export function ecdsaVerifier(curve: EcdsaCurve): EcdsaVerifier | undefined {
  let found = opened.get(curve);
  if (found === undefined) {
    if (library === undefined) library = openLibrary() ?? null;
    found = (library && EcdsaVerifier.open(library, curve)) ?? null;
    opened.set(curve, found);
  }
  return found ?? undefined;
}

function openLibrary(): LibCrypto | undefined {
  const ffi = loadKoffi();
  if (!ffi) return undefined;
  try {
    return bindings(ffi);
  } catch {
    return undefined; // a Node without OpenSSL, or with one that hides its symbols
  }
}

function bindings(ffi: Koffi): LibCrypto {
  const c = ffi.load(null);
  return {
    newKey: c.func('void *EC_KEY_new_by_curve_name(int)'),
    setPoint: c.func('int EC_KEY_oct2key(void *, const uint8_t *, size_t, void *)'),
    verify: c.func('int ECDSA_verify(int, const uint8_t *, int, const uint8_t *, int, void *)'),
    sha256: c.func('void *SHA256(const uint8_t *, size_t, uint8_t *)'),
    sha384: c.func('void *SHA384(const uint8_t *, size_t, uint8_t *)'),
    clearErrors: c.func('void ERR_clear_error()'),
  };
}
