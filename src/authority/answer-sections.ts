/**
 * The sections of an answer while lookup.ts fills them.
 *
 * Owns two rules: an RRset appears once in the whole message, at the first place it was put, and signatures
 * go along only when the client set DO (RFC 4035 3.1).
 */
import type { RRset } from '../dns/rrset.js';

/** What an authoritative server says to one question. */
export interface AuthorityAnswer {
  readonly rcode: number;
  readonly aa: boolean;
  readonly answer: readonly RRset[];
  readonly authority: readonly RRset[];
  readonly additional: readonly RRset[];
}

export type Section = 'answer' | 'authority' | 'additional';

export class AnswerSections {
  readonly answer: RRset[] = [];
  readonly authority: RRset[] = [];
  readonly additional: RRset[] = [];
  private readonly seen = new Set<string>();

  constructor(
    /** DNSSEC OK. */
    readonly dnssec: boolean,
  ) {}

  /** False when the RRset was there already. */
  add(section: Section, rrset: RRset): boolean {
    const key = `${rrset.type} ${rrset.name}`;
    if (this.seen.has(key)) return false;
    this.seen.add(key);
    const bare = this.dnssec || rrset.signatures.length === 0;
    this[section].push(bare ? rrset : { ...rrset, signatures: [] });
    return true;
  }
}
