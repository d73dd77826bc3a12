/**
 * Trace events: what resolution did, as typed data.
 *
 * The resolver, caches, transport and validator emit these into the sink of the query's context; with no
 * sink it costs one branch. Sinks (observe/sinks/) turn the same events into the CLI tree, JSON, the
 * picture of the page, EDE text and test assertions. Nobody but a sink makes text of them.
 *
 * Events of one resolution nest by span: span 0 is the client's question, every sub-resolution (address of
 * a name server, DS, DNSKEY, prefetch) opens a span whose parent is the span that needed it.
 * Adding a kind: add it here, to the sinks' switch (the compiler names them), and to docs.
 */

import type { Name } from '../dns/name.js';
import type { FailureReason } from '../dns/outcome.js';
import type { Question, Security } from '../dns/rrset.js';
import type { BudgetItem, SharedLimit } from './budget.js';

/** Layers of cache in the order in which they are probed. */
export type CacheLayer =
  | 'stub'
  | 'resolver'
  | 'negative'
  | 'failure'
  | 'nsec'
  | 'delegation'
  | 'shared'
  | 'local';

/** Why a probe missed. */
export type MissReason = 'never-seen' | 'expired' | 'evicted' | 'flushed' | 'bypassed';

/** Kind of an upstream response after classification (RFC 1034 5.3.3, 2308 2). */
export type ResponseClass =
  | 'answer'
  | 'referral'
  | 'cname'
  | 'dname'
  | 'nodata'
  | 'nxdomain'
  | 'lame'
  | 'truncated'
  | 'refused'
  | 'servfail'
  | 'formerr'
  | 'notimp'
  | 'useless';

export type UpstreamTransport = 'udp' | 'tcp';

export type TraceEvent =
  | {
      readonly kind: 'span';
      readonly parent: number;
      readonly purpose: SpanPurpose;
      readonly question: Question;
    }
  | {
      readonly kind: 'probe';
      readonly layer: CacheLayer;
      readonly name: Name;
      readonly type: number;
      readonly result: 'hit' | 'miss' | 'stale';
      readonly reason?: MissReason;
      /** Seconds left; negative for stale. */
      readonly ttlSec?: number;
      /** What the hit says, in short: `A x2`, `NXDOMAIN`, `delegation of com.`. */
      readonly detail?: string;
    }
  | { readonly kind: 'joined' }
  | {
      readonly kind: 'zone';
      readonly zone: Name;
      readonly servers: number;
      readonly from: 'hints' | 'cache' | 'referral' | 'stub' | 'forward';
    }
  | {
      readonly kind: 'query';
      readonly exchange: number;
      readonly zone: Name;
      readonly serverName: Name | undefined;
      readonly address: string;
      readonly port: number;
      readonly transport: UpstreamTransport;
      /** What was asked; with minimisation shorter than the client's name. */
      readonly question: Question;
      readonly timeoutMs: number;
    }
  | {
      readonly kind: 'response';
      readonly exchange: number;
      readonly rttMs: number;
      readonly rcode: number;
      readonly aa: boolean;
      readonly tc: boolean;
      readonly sizeOctets: number;
      /** Records in answer, authority, additional. */
      readonly counts: readonly [number, number, number];
      /** Presentation lines of the records that matter, at most a handful. */
      readonly records: readonly string[];
    }
  | {
      readonly kind: 'no-response';
      readonly exchange: number;
      readonly why: ExchangeFault;
      readonly afterMs: number;
    }
  | { readonly kind: 'scrubbed'; readonly exchange: number; readonly removed: readonly string[] }
  | {
      readonly kind: 'classified';
      readonly exchange: number;
      readonly as: ResponseClass;
      readonly detail?: string;
    }
  | { readonly kind: 'alias'; readonly from: Name; readonly to: Name; readonly by: 'CNAME' | 'DNAME' }
  | { readonly kind: 'minimise'; readonly asked: Name; readonly full: Name; readonly relaxed: boolean }
  | {
      readonly kind: 'servers';
      readonly zone: Name;
      readonly known: number;
      readonly missing: number;
      readonly skipped: readonly string[];
    }
  | {
      readonly kind: 'stored';
      readonly layer: CacheLayer;
      readonly name: Name;
      readonly type: number;
      readonly ttlSec: number;
    }
  | {
      /** The operator's rule for how long data of a name is kept. */
      readonly kind: 'cache-rule';
      readonly name: Name;
      /** Where the rule stands: the name or one above it. */
      readonly rule: Name;
      readonly noCache: boolean;
      readonly minTtlSec?: number;
      readonly maxTtlSec?: number;
      readonly negativeMaxSec?: number;
    }
  | { readonly kind: 'policy'; readonly rule: string; readonly action: string }
  | {
      readonly kind: 'validation';
      readonly step: 'anchor' | 'ds' | 'dnskey' | 'signature' | 'denial' | 'insecure' | 'verdict';
      readonly name: Name;
      readonly type?: number;
      readonly security: Security;
      readonly detail: string;
      readonly keyTag?: number;
      readonly algorithm?: number;
    }
  | { readonly kind: 'limit'; readonly item: BudgetItem | SharedLimit }
  | {
      readonly kind: 'done';
      readonly outcome: string;
      readonly reason?: FailureReason;
      readonly tookMs: number;
    }
  | { readonly kind: 'budget'; readonly used: Readonly<Record<BudgetItem, { used: number; limit: number }>> };

export type SpanPurpose = 'client' | 'ns-address' | 'ds' | 'dnskey' | 'priming' | 'prefetch' | 'refresh';

/** What can go wrong with one exchange below the DNS content. */
export type UpstreamFault =
  | 'timeout'
  | 'unreachable'
  | 'connection-refused'
  | 'connection-closed'
  | 'near-miss'
  | 'no-cookie'
  | 'malformed'
  | 'no-socket';

/** Why an exchange gave no response. `not-recorded`: it is a replay, and nobody was asked this when it was recorded. */
export type ExchangeFault = UpstreamFault | 'not-recorded';

/** An event with its place in time and in the tree. `atMs` counts from the start of the trace. */
export type TracedEvent = TraceEvent & { readonly atMs: number; readonly span: number };

/** Takes the events of one resolution, in order. */
export interface TraceSink {
  emit(event: TracedEvent): void;
}
