/**
 * The shape of a DNS message between the codec and everything above it.
 *
 * Sections hold RRsets, not single records: the reader groups records by owner, type and class in order of
 * first appearance, drops duplicate RDATA, takes the lowest TTL, and attaches RRSIGs to the RRset that they
 * cover in the same section. RRSIGs that cover nothing present form an RRset of type RRSIG.
 * OPT never appears in `additional`; it is `edns`.
 * RFC 1035 4, RFC 2181 5, RFC 6891.
 */
import type { Octets } from '../dns/name.js';
import type { Question, RRset } from '../dns/rrset.js';

/** A question as it stood on the wire: `spelling` has the sender's letter case. */
export interface WireQuestion extends Question {
  readonly spelling: Octets;
}

/** One EDNS option (RFC 6891 6.1.2); `data` is its raw content. */
export interface EdnsOptionValue {
  readonly code: number;
  readonly data: Octets;
}

/** The OPT pseudo-record, without the upper RCODE bits, which are in `Message.rcode`. */
export interface Edns {
  readonly version: number;
  /** UDP payload size the sender takes, in octets. */
  readonly udpSize: number;
  /** DNSSEC OK (RFC 3225). */
  readonly do: boolean;
  readonly options: readonly EdnsOptionValue[];
}

export interface Message {
  readonly id: number;
  readonly qr: boolean;
  readonly opcode: number;
  readonly aa: boolean;
  readonly tc: boolean;
  readonly rd: boolean;
  readonly ra: boolean;
  readonly ad: boolean;
  readonly cd: boolean;
  /** 12 bits: with EDNS the upper 8 come from OPT. */
  readonly rcode: number;
  readonly questions: readonly WireQuestion[];
  readonly answer: readonly RRset[];
  readonly authority: readonly RRset[];
  readonly additional: readonly RRset[];
  readonly edns: Edns | undefined;
}

/** Header of a message that may be broken further on; enough to answer FORMERR. */
export interface Header {
  readonly id: number;
  readonly qr: boolean;
  readonly opcode: number;
  readonly rd: boolean;
  readonly cd: boolean;
}

/** Result of decoding: a message, or what is wrong and at which octet. `header` is there from 12 octets on. */
export type Decoded =
  | { readonly ok: true; readonly message: Message }
  | {
      readonly ok: false;
      readonly reason: string;
      readonly offset: number;
      readonly header: Header | undefined;
    };
