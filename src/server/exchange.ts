/**
 * One client query on its way through the pipeline, and what a stage may say about it.
 *
 * An exchange begins as a packet and gains, in this order: `query` (parse), then either a `resolution`
 * (resolve) or at once a `draft` (whoever answers without resolving), then an `image` (finish), then `wire`
 * (fit, or the stub cache). Later fields are only read by later stages; nothing goes back.
 *
 * Limitations: one question per query (RFC 9619).
 */

import { type Name, type Octets, toName } from '../dns/name.js';
import type { ExtendedError } from '../dns/outcome.js';
import type { EdeCode } from '../dns/registry.js';
import type { RRset } from '../dns/rrset.js';
import type { Early } from '../policy/policy.js';
import type { LookupClass, Resolution } from '../resolver/contract.js';
import type { MissReason } from '../runtime/trace.js';
import type { ClientAddress } from '../transport/listener.js';
import type { Edns, WireQuestion } from '../wire/message.js';
import type { LocalRules, ServerSettings, View } from './settings.js';

/** What a client sent, reduced to what an answer depends on. Built even for packets that are broken after the header. */
export interface ClientQuery {
  readonly id: number;
  readonly opcode: number;
  readonly rd: boolean;
  readonly ad: boolean;
  readonly cd: boolean;
  /** Undefined when there was none, or it could not be read: such a query only ever gets an error. */
  readonly question: WireQuestion | undefined;
  /** Undefined: no OPT came, so none goes back (RFC 6891 7). */
  readonly edns: Edns | undefined;
  /** What is wrong with the packet, for FORMERR; undefined when it is a whole message with one question. */
  readonly defect: string | undefined;
}

/** An answer before it is made octets: the sections as this client may see them, at full length. */
export interface Draft {
  readonly rcode: number;
  /** True only for data that this server is the source of: locally served zones, CHAOS. */
  readonly aa: boolean;
  /** Tells the client to ask again by TCP though nothing was cut: the reply to a client over its rate. */
  readonly tc: boolean;
  /** All of it validated; whether AD is set also depends on the query (RFC 6840 5.8). */
  readonly secure: boolean;
  readonly answer: readonly RRset[];
  readonly authority: readonly RRset[];
  readonly ede: readonly ExtendedError[];
  readonly lookupClass: LookupClass;
  readonly missReason?: MissReason;
  /** Wall time in ms up to which the stub cache may repeat it; undefined: not at all. */
  readonly keepUntilMs?: number;
}

/** A finished answer in wire form, without what is one client's; image.ts makes it. */
export interface AnswerImage {
  /** The message; of its flags AA, TC, AD and the lower RCODE bits count. */
  readonly wire: Buffer;
  /** 12 bits; the upper 8 travel in OPT. */
  readonly rcode: number;
  readonly ede: readonly ExtendedError[];
}

/** Why a packet gets no response. A closed list, counted by kind. */
export type DropKind =
  | 'too-short'
  | 'not-a-query'
  | 'rate-limited'
  | 'over-limit'
  | 'too-late'
  | 'draining'
  | 'policy'
  | 'unsendable';

/**
 * What a stage decided.
 * `next`: not mine. `answered`: a draft stands, go on at finish. `finished`: an image stands too, go on at fit. `done`: `wire` stands, or the packet is dropped.
 */
export type Verdict = 'next' | 'answered' | 'finished' | 'done';

/** One step of the pipeline. Never throws for what a client sent; may only be asynchronous where it resolves. */
export interface Stage {
  readonly name: string;
  run(exchange: Exchange): Verdict | Promise<Verdict>;
}

/** Sends a response to the client of this exchange; used at most once. */
export type Reply = (wire: Buffer) => void;

export class Exchange {
  query: ClientQuery | undefined;
  /** Data of the COOKIE option that goes back. */
  cookie: Octets | undefined;
  /** The client has shown that what is sent to its address reaches it. */
  isProven = false;
  /** Whose rules hold for the client; undefined: everybody's. */
  view: View | undefined;
  /** What lists have said of the name that is resolved; it may wait for the answer. */
  early: Early | undefined;
  /** Aliases of the operator's, with those that led to them: what the last one leads to is resolved in the place of the question. */
  aliases: readonly RRset[] = [];
  /** Why those aliases are in the answer. */
  notes: readonly ExtendedError[] = [];
  /** False: what comes of it is for this client alone, or not what its name says, so that no cache for others may hold it. */
  isShared = true;
  resolution: Resolution | undefined;
  draft: Draft | undefined;
  image: AnswerImage | undefined;
  /** What is sent. Undefined at the end: nothing is, and `dropped` says why. */
  wire: Buffer | undefined;
  dropped: DropKind | undefined;
  /** Set with `wire`, for the record of this query. */
  lookupClass: LookupClass | undefined;
  missReason: MissReason | undefined;
  rcode: number | undefined;
  /** The limit of this server that ended it, for the record. */
  limit: string | undefined;

  /**
   * @param packet    one whole message, without the length prefix of TCP; valid only in the turn it came in
   * @param settings  those in force when the packet came; a reload does not touch queries under way
   * @param startedMs monotonic
   */
  constructor(
    readonly packet: Buffer,
    readonly client: ClientAddress,
    readonly reply: Reply,
    readonly settings: ServerSettings,
    readonly startedMs: number,
  ) {}

  /** What the operator answers this client by himself. */
  get rules(): LocalRules {
    return this.view ?? this.settings;
  }

  /** The name that is to be resolved: that of the question, or what an alias of the operator's leads to. */
  get sought(): Name {
    const alias = this.aliases.at(-1);
    return alias ? toName(alias.rdatas[0]!) : this.query!.question!.name;
  }

  /** Ends the exchange without a response. */
  drop(kind: DropKind): Verdict {
    this.dropped = kind;
    return 'done';
  }

  /** Answers with an error and no data. */
  fail(rcode: number, ede?: ExtendedError, lookupClass: LookupClass = 'refused'): Verdict {
    return this.answer({ rcode, ede: ede ? [ede] : [], lookupClass });
  }

  /** Answers with what is given; whatever is left out is empty, off, or NOERROR. */
  answer(draft: Partial<Draft> & { readonly lookupClass: LookupClass }): Verdict {
    this.draft = {
      rcode: 0,
      aa: false,
      tc: false,
      secure: false,
      answer: [],
      authority: [],
      ede: [],
      ...draft,
    };
    return 'answered';
  }
}

/** One Extended DNS Error, in the order of its wire form. */
export function ede(code: EdeCode, text: string): ExtendedError {
  return { code, text };
}
