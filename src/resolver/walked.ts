/**
 * What a walk brings home: the links that one response gave, and who gave them.
 *
 * Between walk.ts, which makes it, and fetch-links.ts, which cuts it into links.
 */
import type { Name } from '../dns/name.js';
import type { RRset } from '../dns/rrset.js';
import type { UpstreamTransport } from '../runtime/trace.js';
import type { AskedZone } from './asked-zone.js';
import type { ChainEnd } from './classify.js';
import type { AliasStep, ReferralData } from './scrub.js';
import type { Candidate } from './select-server.js';

/** A chain of links that one response gave for the question. */
export interface Walked {
  readonly kind: 'links';
  readonly steps: readonly AliasStep[];
  /** Name that `end` speaks about. */
  readonly last: Name;
  readonly end: ChainEnd;
  readonly denial: readonly RRset[];
  readonly zone: AskedZone;
  readonly server: Candidate;
  readonly transport: UpstreamTransport;
  readonly aa: boolean;
}

/** The part of it that the response alone says. */
export type LinksFound = Pick<Walked, 'steps' | 'last' | 'end'>;

/** A parent that refers instead of answering for DS has said with the referral what there is to say. */
export function dsOfReferral(name: Name, { ds }: ReferralData): LinksFound {
  const end: ChainEnd = ds ? { kind: 'answer', rrsets: [ds] } : { kind: 'nodata', soa: undefined };
  return { steps: [], last: name, end };
}

/** An empty response, taken for NODATA. */
export function nothingAt(name: Name): LinksFound {
  return { steps: [], last: name, end: { kind: 'nodata', soa: undefined } };
}
