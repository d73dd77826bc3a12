/**
 * What the resolver wants to know of a validator: how far may this link be trusted?
 *
 * dnssec/ knows nothing of walks and caches; validation.ts ties it to them. With validation off there is no
 * judge and data stays `unchecked`.
 */
import type { ExtendedError } from '../dns/outcome.js';
import type { Question, Security } from '../dns/rrset.js';
import type { Link } from './link.js';
import type { QueryContext } from './query-context.js';

export interface Judgement {
  readonly security: Security;
  readonly ede: readonly ExtendedError[];
  /** Longest the data may live, by its signatures (RFC 4035 5.3.3). */
  readonly capTtlSec: number | undefined;
  /** One sentence for people. */
  readonly reason: string;
  /** The budget ended the work; that says nothing about the data. */
  readonly transient: boolean;
  /** What the denial records prove, where that differs from the RCODE. */
  readonly denies: 'nodata' | 'nxdomain' | undefined;
  /** The failure lies with this zone's servers and another might do better. */
  readonly retry: boolean;
}

export interface LinkJudge {
  judge(question: Question, link: Link, ctx: QueryContext): Promise<Judgement>;
}
