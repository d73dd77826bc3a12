/**
 * RRsets and questions, the values that travel between all layers.
 *
 * RDATA is raw wire form in an octet string (see name.ts), names in it uncompressed and in the letter
 * case of their source. Octet strings compare by `===` and sort as RFC 4034 6.3 wants, take 16 octets of
 * heap over their content, and a name inside RDATA is a slice.
 * RFC 2181 5 (RRset), RFC 9499 (terms).
 */
import type { Name, Octets } from './name.js';

/** RDATA in wire form, uncompressed, one char per octet. */
export type Rdata = Octets;

/** All records of one owner name, class and type, with the RRSIGs that cover them. Never changed once made. */
export interface RRset {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  /** Remaining TTL in seconds, 0 to 2^31-1; the lowest of the records seen (RFC 2181 5.2). */
  readonly ttlSec: number;
  /** At least one, without duplicates, in the order they came. */
  readonly rdatas: readonly Rdata[];
  /** RDATA of RRSIG records that cover this RRset; empty when unsigned. */
  readonly signatures: readonly Rdata[];
}

/** What is asked. `name` is canonical; the spelling of a client is kept beside it where it matters. */
export interface Question {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
}

/** The same RRset with another TTL. */
export function withTtl(rrset: RRset, ttlSec: number): RRset {
  if (rrset.ttlSec === ttlSec) return rrset;
  const { name, type, class: rrclass, rdatas, signatures } = rrset;
  return { name, type, class: rrclass, ttlSec, rdatas, signatures };
}

/** DNSSEC status of data (RFC 4035 4.3). `unchecked` is data that no validator has looked at yet. */
export type Security = 'secure' | 'insecure' | 'bogus' | 'indeterminate' | 'unchecked';
