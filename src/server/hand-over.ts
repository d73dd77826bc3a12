/**
 * Questions that another thread answers: what goes over, and what comes back.
 *
 * With several workers each name belongs to one of them, so that equal questions meet there and its RRsets are held once.
 * On a query's way a question of another's goes over in the place of being resolved here (stages/hand-over.ts). There it
 * passes the rest of the pipeline, from the resolver to the finished answer in wire form (Pipeline.answerHanded), which
 * the owner keeps in the stub cache. Back here it is made to fit the client that asked.
 *
 * All of this is plain data that may travel between threads. compose/workers/ implements `HandOver`.
 */
import type { ExtendedError } from '../dns/outcome.js';
import type { Question, RRset } from '../dns/rrset.js';
import type { LookupClass } from '../resolver/contract.js';
import type { MissReason } from '../runtime/trace.js';
import { decodeMessage } from '../wire/decode.js';
import type { Draft } from './exchange.js';

export interface HandedQuestion {
  readonly question: Question;
  readonly rd: boolean;
  readonly cd: boolean;
  readonly do: boolean;
  /** The client's address, for limits by client. */
  readonly client: string;
  /** It has a cookie of ours. */
  readonly isProven: boolean;
  readonly transport: 'udp' | 'tcp';
  /** Only questions that are equal in this too may get one answer: what rules for the client depend on. It need not travel. */
  readonly apart?: string;
}

export interface HandedAnswer {
  /** The image of the answer (image.ts). */
  readonly wire: Buffer;
  readonly rcode: number;
  readonly ede: readonly ExtendedError[];
  readonly lookupClass: LookupClass;
  readonly missReason: MissReason | undefined;
  /** The limit that was reached on the way. */
  readonly limit: string | undefined;
}

export interface HandOver {
  /**
   * Hands a question to the worker that its name belongs to.
   *
   * @returns undefined when that is this one, or one that cannot be reached; a promise of undefined when it was lost
   *   on the way. Either way the question is to be resolved here. The promise never rejects
   */
  ask(asked: HandedQuestion): Promise<HandedAnswer | undefined> | undefined;
}

/** The draft of an answer that came finished. Its sections are only read when it must be cut, which is rare. */
export class HandedDraft implements Draft {
  readonly aa = false;
  readonly tc = false;
  private read: { readonly answer: readonly RRset[]; readonly authority: readonly RRset[] } | undefined;

  constructor(private readonly handed: HandedAnswer) {}

  get rcode(): number {
    return this.handed.rcode;
  }

  get ede(): readonly ExtendedError[] {
    return this.handed.ede;
  }

  get lookupClass(): LookupClass {
    return this.handed.lookupClass;
  }

  get missReason(): MissReason | undefined {
    return this.handed.missReason;
  }

  /** The AD bit of an image. */
  get secure(): boolean {
    return (this.handed.wire[3]! & 0x20) !== 0;
  }

  get answer(): readonly RRset[] {
    return this.sections.answer;
  }

  get authority(): readonly RRset[] {
    return this.sections.authority;
  }

  private get sections(): { readonly answer: readonly RRset[]; readonly authority: readonly RRset[] } {
    if (!this.read) {
      const decoded = decodeMessage(this.handed.wire);
      if (!decoded.ok) throw new Error(`an answer of our own cannot be read: ${decoded.reason}`);
      this.read = decoded.message;
    }
    return this.read;
  }
}
