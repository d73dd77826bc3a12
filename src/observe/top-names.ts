/**
 * Which questions are asked most, and which fail most and why.
 *
 * Fed by whole query records, and by samples of what is answered without one (a hit in the fast lane). Clients
 * choose the names, so memory is bounded by the sketch (heavy-hitters.ts).
 * Limitations: only the first hundred of each go to another thread; the sum over threads knows no others.
 */
import { formatName, type Name } from '../dns/name.js';
import type { ExtendedError } from '../dns/outcome.js';
import { Ede, formatClass, formatRcode, formatType, Rcode, RRClass } from '../dns/registry.js';
import type { QueryRecord } from '../runtime/recorder.js';
import { type HeavyHitter, HeavyHitters } from './heavy-hitters.js';

const CAPACITY = 512;
const SENT = 100;

interface FailureNote {
  readonly rcode: number;
  readonly ede: ExtendedError | undefined;
}

/** Plain data of one thread. Keys are the class, the type and the name in wire form. */
export interface TopNamesState {
  readonly asked: readonly HeavyHitter<undefined>[];
  readonly failed: readonly HeavyHitter<FailureNote>[];
}

/** One question as people read it. */
export interface TopName {
  readonly name: string;
  readonly type: string;
  /** Left out for IN. */
  readonly class?: string;
  /** Since the start; too high by at most `error`. */
  readonly count: number;
  readonly error: number;
}

export interface FailingName extends TopName {
  readonly rcode: string;
  /** The latest reason, where one was given (RFC 8914). */
  readonly ede: ExtendedError | undefined;
}

export interface TopNamesView {
  readonly asked: readonly TopName[];
  readonly failing: readonly FailingName[];
}

export class TopNames {
  private readonly asked = new HeavyHitters<undefined>(CAPACITY);
  private readonly failed = new HeavyHitters<FailureNote>(CAPACITY);

  record({ qname, qtype, qclass, rcode, ede }: QueryRecord): void {
    if (qname === undefined) return;
    const key = keyOf(qname, qtype, qclass);
    this.asked.add(key, undefined);
    if (rcode === Rcode.SERVFAIL || rcode === Rcode.REFUSED) {
      this.failed.add(key, { rcode, ede: reasonOf(ede) });
    }
  }

  /** Counts a question that was seen as one of `times` on average. */
  sample(qname: string, qtype: number, times: number): void {
    this.asked.add(keyOf(qname, qtype), undefined, times);
  }

  state(): TopNamesState {
    return { asked: this.asked.top(SENT), failed: this.failed.top(SENT) };
  }

  add({ asked, failed }: TopNamesState): void {
    this.asked.addAll(asked);
    this.failed.addAll(failed);
  }

  view(limit: number): TopNamesView {
    return {
      asked: this.asked.top(limit).map(readable),
      failing: this.failed.top(limit).map((hitter) => ({
        ...readable(hitter),
        rcode: formatRcode(hitter.note.rcode),
        ede: hitter.note.ede,
      })),
    };
  }
}

function keyOf(qname: string, qtype: number, qclass: number = RRClass.IN): string {
  return String.fromCharCode(qclass, qtype) + qname;
}

function readable({ key, count, error }: HeavyHitter<unknown>): TopName {
  const qclass = key.charCodeAt(0);
  return {
    name: formatName(key.slice(2) as Name),
    type: formatType(key.charCodeAt(1)),
    ...(qclass === RRClass.IN ? {} : { class: formatClass(qclass) }),
    count,
    error,
  };
}

/** "It failed a moment ago" says less than why it did. */
function reasonOf(ede: readonly ExtendedError[] | undefined): ExtendedError | undefined {
  return ede?.find(({ code }) => code !== Ede.CACHED_ERROR) ?? ede?.[0];
}
