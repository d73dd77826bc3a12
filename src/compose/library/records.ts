/**
 * Results of the library: records as plain typed values.
 */
import { formatName } from '../../dns/name.js';
import type { Answer, ExtendedError } from '../../dns/outcome.js';
import { formatType } from '../../dns/registry.js';
import type { RRset, Security } from '../../dns/rrset.js';
import type { LookupClass } from '../../resolver/contract.js';
import { formatRdata } from '../../wire/rdata/text.js';
import { type OtherValue, type RdataValue, rdataValue } from '../../wire/rdata/value.js';

/** Types whose every record that passes the wire reader has a typed value. */
type AlwaysTyped = 'A' | 'AAAA' | 'NS' | 'CNAME' | 'PTR' | 'DNAME';

/** The value of records of type `T`. What its type cannot express (text that is no UTF-8) is {@link OtherValue}. */
export type ValueOf<T extends string> = string extends T
  ? RdataValue
  : T extends 'ANY'
    ? RdataValue
    : T extends AlwaysTyped
      ? Match<RdataValue, T>
      : Match<RdataValue, T> | OtherValue;
type Match<V, T> = V extends { readonly type: infer U } ? (T extends U ? V : never) : never;

/** One record. */
export interface ResolvedRecord<T extends string = string> {
  /** Owner name, absolute, in lower case. */
  readonly name: string;
  /** `AAAA`, `TYPE65280`. */
  readonly type: string;
  /** Seconds it may be kept, counted down when it comes from a cache. */
  readonly ttlSec: number;
  readonly value: ValueOf<T>;
  /** Presentation form of the RDATA, as in a master file. */
  readonly text: string;
}

/** Records that were found. */
export interface ResolveResult<T extends string = string> {
  /** What was asked, absolute. */
  readonly name: string;
  readonly type: string;
  readonly records: readonly ResolvedRecord<T>[];
  /** CNAME and DNAME records that led to them, in order. */
  readonly aliases: readonly ResolvedRecord[];
  /** The shortest TTL of all of them, in seconds. */
  readonly ttlSec: number;
  /** DNSSEC status (RFC 4035 4.3). */
  readonly security: Security;
  /** Where it came from: `walked` from servers, `resolver` cache, `joined` to an equal question, ... */
  readonly layer: LookupClass;
  /** True when it is past its TTL and no server could be reached (RFC 8767). */
  readonly stale: boolean;
  readonly ede: readonly ExtendedError[];
}

/** An answer as the library gives it. */
export function resultOf<T extends string>(
  asked: { readonly name: string; readonly type: string },
  outcome: Answer,
  layer: LookupClass,
): ResolveResult<T> {
  const records = outcome.rrsets.flatMap((rrset) => recordsOf<T>(rrset));
  const aliases = outcome.aliases.flatMap((rrset) => recordsOf(rrset));
  return {
    ...asked,
    records,
    aliases,
    ttlSec: Math.min(...[...aliases, ...records].map(({ ttlSec }) => ttlSec)),
    security: outcome.security,
    layer,
    stale: outcome.stale ?? false,
    ede: outcome.ede ?? [],
  };
}

function recordsOf<T extends string>({
  name,
  type,
  class: rrclass,
  ttlSec,
  rdatas,
}: RRset): ResolvedRecord<T>[] {
  return rdatas.map((rdata) => ({
    name: formatName(name),
    type: formatType(type),
    ttlSec,
    value: rdataValue(type, rdata, rrclass) as ValueOf<T>,
    text: formatRdata(type, rdata, rrclass),
  }));
}
