/**
 * What kind of response is this?
 *
 * Runs after scrub.ts, on what may be believed. The kinds are closed: each has one handler in the walk.
 * RFC 1034 5.3.3, RFC 2308 2, RFC 2181 5.4 and 9 (truncation).
 */
import { formatName, type Name } from '../dns/name.js';
import { formatType, Rcode } from '../dns/registry.js';
import type { RRset } from '../dns/rrset.js';
import type { ResponseClass } from '../runtime/trace.js';
import type { Message } from '../wire/message.js';
import {
  type AliasStep,
  MAX_RECORDS_PER_RRSET,
  MAX_RRSET_OCTETS,
  type ReferralData,
  type Scrubbed,
} from './scrub.js';

/** Where an alias chain inside one response leads. */
export type ChainEnd =
  | { readonly kind: 'answer'; readonly rrsets: readonly RRset[] }
  | { readonly kind: 'nodata' | 'nxdomain'; readonly soa: RRset | undefined }
  /** The rest has to be asked for, here or elsewhere. */
  | { readonly kind: 'open' };

export type Classified =
  | {
      readonly kind: 'links';
      readonly steps: readonly AliasStep[];
      readonly last: Name;
      readonly end: ChainEnd;
    }
  | { readonly kind: 'referral'; readonly referral: ReferralData }
  /** NOERROR with nothing in it: perhaps NODATA, perhaps a broken server. Believed when no server says more. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'truncated' }
  | { readonly kind: 'lame'; readonly detail: string }
  | { readonly kind: 'name-too-long'; readonly dname: RRset }
  /** An RRset that nobody should have to carry or keep. */
  | { readonly kind: 'oversized'; readonly detail: string }
  | {
      readonly kind: 'error';
      readonly fault: 'refused' | 'servfail' | 'formerr' | 'notimp' | 'useless';
      readonly rcode: number;
    };

/**
 * @param forwarder true when the server is recursive: it may answer without AA and never refers
 */
export function classify(message: Message, scrubbed: Scrubbed, forwarder: boolean): Classified {
  if (message.tc) return { kind: 'truncated' };
  if (scrubbed.tooLong) return { kind: 'name-too-long', dname: scrubbed.tooLong };
  if (scrubbed.oversized) return oversized(scrubbed.oversized);
  if (message.rcode !== Rcode.NOERROR && message.rcode !== Rcode.NXDOMAIN) return classifyError(message);
  const { steps, last, final, soa, referral } = scrubbed;
  if (final.length > 0) return { kind: 'links', steps, last, end: { kind: 'answer', rrsets: final } };
  if (steps.length > 0) return { kind: 'links', steps, last, end: endOfChain(message, scrubbed) };
  if (message.rcode === Rcode.NXDOMAIN) {
    if (!message.aa && !soa && !forwarder && scrubbed.upwardNs) return lameUpward(scrubbed);
    return { kind: 'links', steps, last, end: { kind: 'nxdomain', soa } };
  }
  if (soa && !(referral && !message.aa)) return { kind: 'links', steps, last, end: { kind: 'nodata', soa } };
  if (referral && !forwarder) return { kind: 'referral', referral };
  if (scrubbed.upwardNs && !message.aa && !forwarder) return lameUpward(scrubbed);
  if (scrubbed.denial.length > 0) return { kind: 'links', steps, last, end: { kind: 'nodata', soa } };
  return { kind: 'empty' };
}

function oversized(rrset: RRset): Classified {
  const limits = `${MAX_RECORDS_PER_RRSET} records or ${MAX_RRSET_OCTETS} octets`;
  const detail = `${formatType(rrset.type)} of ${formatName(rrset.name)} has more than ${limits}`;
  return { kind: 'oversized', detail };
}

function lameUpward(scrubbed: Scrubbed): Classified {
  return {
    kind: 'lame',
    detail: scrubbed.upwardNs ? 'refers to its own zone or above' : 'not authoritative',
  };
}

function endOfChain(message: Message, scrubbed: Scrubbed): ChainEnd {
  // For a target elsewhere this server's RCODE and SOA say nothing.
  if (!scrubbed.lastInZone) return { kind: 'open' };
  if (message.rcode === Rcode.NXDOMAIN && scrubbed.soa) return { kind: 'nxdomain', soa: scrubbed.soa };
  if (scrubbed.soa && !scrubbed.referral) return { kind: 'nodata', soa: scrubbed.soa };
  return { kind: 'open' };
}

function classifyError(message: Message): Classified {
  const { rcode } = message;
  switch (rcode) {
    case Rcode.REFUSED:
      return { kind: 'error', fault: 'refused', rcode };
    case Rcode.SERVFAIL:
      return { kind: 'error', fault: 'servfail', rcode };
    case Rcode.FORMERR:
    case Rcode.BADVERS:
      return { kind: 'error', fault: 'formerr', rcode };
    case Rcode.NOTIMP:
      return { kind: 'error', fault: 'notimp', rcode };
    default:
      return { kind: 'error', fault: 'useless', rcode };
  }
}

/** The trace's name for a classification. */
export function responseClass(classified: Classified): ResponseClass {
  switch (classified.kind) {
    case 'links':
      if (classified.end.kind === 'open') return classified.steps[0]!.by === 'DNAME' ? 'dname' : 'cname';
      return classified.end.kind;
    case 'referral':
    case 'truncated':
    case 'lame':
      return classified.kind;
    case 'empty':
      return 'nodata';
    case 'name-too-long':
      return 'dname';
    case 'oversized':
      return 'useless';
    case 'error':
      return classified.fault;
  }
}
