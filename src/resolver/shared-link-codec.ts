/**
 * Links as octets for a store that is not trusted.
 *
 * ```
 * version, kind, security, aa                     1 octet each
 * stored, expires, lease until                    doubles, wall ms
 * zone, RRsets, SOA, proof                        strings with their length; RRsets as in rrset-packing.ts
 * number of extended errors, each code and text
 * HMAC-SHA256 of all that, the key, and the fingerprint of the settings
 * ```
 *
 * The store can withhold values or bring old ones back, nothing else: a value made by somebody else, of another question,
 * of resolvers with other settings, or past its time is refused. Even with a right MAC every structure is checked, for the
 * writer may be of another version.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { securities } from '../cache/packed-entry.js';
import { isSoundPacked, packRRsets, unpackRRsets } from '../cache/rrset-packing.js';
import { OctetReader, OctetWriter, readName, UnsoundSnapshot } from '../cache/snapshot-codec.js';
import { isStrictSubdomain } from '../dns/name.js';
import type { ExtendedError } from '../dns/outcome.js';
import { RRType } from '../dns/registry.js';
import { type Question, type RRset, withTtl } from '../dns/rrset.js';
import { type Link, stubUntilMs } from './link.js';
import { dnameStep } from './scrub.js';

const VERSION = 1;
const MAC_OCTETS = 32;
/** Larger values cost the store more than a walk costs us. */
const MAX_VALUE_OCTETS = 65_536;
/** How far the clocks of two resolvers may differ. */
const CLOCK_SLACK_MS = 5000;
const kinds = ['answer', 'cname', 'dname', 'nodata', 'nxdomain'] as const;

/** A link on its way between resolvers. */
export interface SharedLink {
  readonly link: Link;
  /** Said by an authoritative server. */
  readonly aa: boolean;
  readonly storedAtMs: number;
  readonly expiresAtMs: number;
  /** Infinity when nothing bounds it. */
  readonly leaseUntilMs: number;
}

/** Why a value is not taken. `old`: its time is over. `mac`: we did not write it. `unsound`: it cannot be read. */
export type Refusal = 'old' | 'mac' | 'unsound';

export class SharedLinkCodec {
  /** @param fingerprint of the settings that decide what is believed */
  constructor(
    private readonly secret: string,
    private readonly fingerprint: Buffer,
  ) {}

  private mac(key: string, body: Uint8Array): Buffer {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(key.length);
    return createHmac('sha256', this.secret)
      .update(this.fingerprint)
      .update(length)
      .update(key, 'latin1')
      .update(body)
      .digest();
  }

  /** Undefined for what is too large to share. */
  encode(key: string, shared: SharedLink): Buffer | undefined {
    const { link, aa, storedAtMs, expiresAtMs, leaseUntilMs } = shared;
    const rrsets = packRRsets(ownRRsets(link));
    const soa = packRRsets('soa' in link && link.soa ? [link.soa] : []);
    const proof = packRRsets(link.proof);
    if (rrsets === undefined || soa === undefined || proof === undefined) return undefined;
    const out = new OctetWriter();
    out
      .uint8(VERSION)
      .uint8(kinds.indexOf(kindOf(link)))
      .uint8(securities.indexOf(link.security));
    out
      .uint8(aa ? 1 : 0)
      .float64(storedAtMs)
      .float64(expiresAtMs)
      .float64(leaseUntilMs);
    out.octets(link.zone).octets(rrsets).octets(soa).octets(proof);
    const ede = link.ede ?? [];
    out.uint32(ede.length);
    for (const { code, text } of ede) out.uint32(code).octets(Buffer.from(text).latin1Slice());
    const body = out.take();
    if (body.length > MAX_VALUE_OCTETS) return undefined;
    return Buffer.concat([body, this.mac(key, body)]);
  }

  /** The link with its TTLs counted down, or why it is not taken. */
  decode(key: string, question: Question, value: Buffer, nowMs: number): SharedLink | Refusal {
    if (value.length <= MAC_OCTETS || value.length > MAX_VALUE_OCTETS + MAC_OCTETS) return 'unsound';
    const body = value.subarray(0, value.length - MAC_OCTETS);
    if (!timingSafeEqual(this.mac(key, body), value.subarray(body.length))) return 'mac';
    try {
      return readShared(new OctetReader(body), question, nowMs);
    } catch (error) {
      if (error instanceof UnsoundSnapshot) return 'unsound';
      throw error;
    }
  }
}

/** Of a DNAME only itself: the CNAME is made anew. */
function ownRRsets(link: Link): readonly RRset[] {
  if (link.kind === 'answer') return link.rrsets;
  return link.kind === 'alias' ? link.rrsets.slice(0, 1) : [];
}

function kindOf(link: Link): (typeof kinds)[number] {
  return link.kind === 'alias' ? (link.by === 'CNAME' ? 'cname' : 'dname') : link.kind;
}

/** @throws {UnsoundSnapshot} */
function readShared(reader: OctetReader, question: Question, nowMs: number): SharedLink | Refusal {
  if (reader.uint8() !== VERSION) return 'unsound';
  const kind = kinds[reader.uint8()];
  const security = securities[reader.uint8()];
  const aa = reader.uint8() === 1;
  const storedAtMs = reader.float64();
  const expiresAtMs = reader.float64();
  const leaseUntilMs = reader.float64();
  if (kind === undefined || security === undefined || !(expiresAtMs <= leaseUntilMs)) return 'unsound';
  // From the future: its age is not known.
  if (nowMs >= expiresAtMs || storedAtMs > nowMs + CLOCK_SLACK_MS) return 'old';
  const zone = readName(reader);
  const left = (rrset: RRset) => counted(rrset, storedAtMs, nowMs);
  const rrsets = readRRsets(reader).map(left);
  const [soa] = readRRsets(reader).map(left);
  const proof = readRRsets(reader).map(left);
  const ede = readEde(reader);
  reader.end();
  const untilMs = stubUntilMs(storedAtMs, expiresAtMs);
  const common = { zone, security, proof, untilMs, ...(ede.length > 0 ? { ede } : {}) };
  const link = linkOf(kind, question, rrsets, soa, common);
  return link === undefined ? 'unsound' : { link, aa, storedAtMs, expiresAtMs, leaseUntilMs };
}

type Common = Pick<Link, 'zone' | 'security' | 'proof' | 'untilMs' | 'ede'>;

/** Undefined when the records are not about the question. */
function linkOf(
  kind: (typeof kinds)[number],
  { name, type }: Question,
  rrsets: readonly RRset[],
  soa: RRset | undefined,
  common: Common,
): Link | undefined {
  const [first] = rrsets;
  switch (kind) {
    case 'answer':
      if (rrsets.length !== 1 || first!.name !== name || first!.type !== type) return undefined;
      return { kind, rrsets, ...common };
    case 'cname': {
      const [target] = first?.rdatas ?? [];
      if (first?.name !== name || first.type !== RRType.CNAME || target === undefined) return undefined;
      return { kind: 'alias', by: 'CNAME', rrsets, target: readName(nameReader(target)), ...common };
    }
    case 'dname': {
      const [target] = first?.rdatas ?? [];
      if (first?.type !== RRType.DNAME || target === undefined) return undefined;
      if (!isStrictSubdomain(name, first.name)) return undefined;
      readName(nameReader(target));
      const step = dnameStep(first, name);
      if ('tooLong' in step) return undefined;
      return { kind: 'alias', by: 'DNAME', rrsets: step.rrsets, target: step.target, ...common };
    }
    case 'nodata':
    case 'nxdomain':
      return soa?.type === RRType.SOA ? { kind, soa, ...common } : undefined;
  }
}

/** RDATA that is a name, read like one. */
function nameReader(rdata: string): OctetReader {
  return new OctetReader(new OctetWriter().octets(rdata).take());
}

function readRRsets(reader: OctetReader): readonly RRset[] {
  const packed = reader.octets();
  if (!isSoundPacked(packed, 'rrsets')) throw new UnsoundSnapshot();
  return unpackRRsets({ packed, at: 0 });
}

function readEde(reader: OctetReader): ExtendedError[] {
  const ede: ExtendedError[] = [];
  for (let count = reader.uint32(); count > 0; count--) {
    const code = reader.uint32();
    ede.push({ code, text: Buffer.from(reader.octets(), 'latin1').toString() } as ExtendedError);
  }
  return ede;
}

function counted(rrset: RRset, storedAtMs: number, nowMs: number): RRset {
  const leftSec = Math.ceil((storedAtMs + rrset.ttlSec * 1000 - nowMs) / 1000);
  return withTtl(rrset, Math.max(0, Math.min(rrset.ttlSec, leftSec)));
}
