/**
 * Lines of a dump (`cache dump`) back into cache entries: `cache load`.
 *
 * Nothing is believed for standing in a file. What is stored is `unchecked`, whatever the line says of its security: the
 * validator proves it anew from signatures, keys and denials at the first question, and without validation it is worth
 * what any answer is. Rank, expiry and lease are at most what the line says; the caches cut them further, and refuse what is
 * over, comes from the future, or is known already. Bogus data, failures and whole answers are left out: the first two are
 * soon found out again, the last are made anew from RRsets.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import type { Delegation, DelegationServer } from '../../cache/delegation-cache.js';
import { nxdomainKey, rrsetKey } from '../../cache/key.js';
import type { Origin } from '../../cache/packed-store/origin-packing.js';
import { Rank } from '../../cache/rank.js';
import { packRecords, packRRsets } from '../../cache/rrset-packing.js';
import { type Name, NameError, type Octets, parseName, toName } from '../../dns/name.js';
import { formatType, parseType, RRClass, RRType } from '../../dns/registry.js';
import { type RRset, withTtl } from '../../dns/rrset.js';
import { BadLine, readRRsets } from './entry-records.js';

/** Plain data, since it goes to the thread that owns the name. */
export type LoadableEntry =
  | { readonly layer: 'resolver' | 'negative'; readonly name: Name; readonly saved: SavedFields }
  | { readonly layer: 'delegation'; readonly name: Name; readonly delegation: Delegation };

/** What a cache needs to hold an RRset or a denial. */
export interface SavedFields {
  readonly key: Octets;
  readonly packed: Octets;
  readonly storedAtMs: number;
  readonly expiresAtMs: number;
  readonly leaseUntilMs: number;
  readonly rank: number;
  readonly origin: Origin;
}

export type ReadLine =
  | { readonly kind: 'entry'; readonly entry: LoadableEntry }
  | { readonly kind: 'left-out' }
  | { readonly kind: 'bad'; readonly reason: string };

const MAX_TTL_SEC = 2 ** 31 - 1;
const date = z.iso.datetime();
const texts = z.array(z.string().max(400_000)).max(70_000);

const lineFields = z.looseObject({
  layer: z.string(),
  name: z.string().max(1100),
  type: z.string().max(20).optional(),
  class: z.string().optional(),
  holds: z.string(),
  expires: date.optional(),
  stored: date.optional(),
  lease: date.optional(),
  originalTtlSec: z.int().min(0).max(MAX_TTL_SEC).optional(),
  records: texts,
  proof: texts.optional(),
  details: z.record(z.string(), z.union([z.string().max(2000), z.number(), z.boolean()])).optional(),
});
type LineFields = z.infer<typeof lineFields>;

const LEFT_OUT = new Set(['stub', 'failure', 'infra', 'shared', 'nsec']);

/** Never throws for what stands in the line. */
export function readDumpLine(text: string): ReadLine {
  try {
    const parsed = lineFields.safeParse(JSON.parse(text));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new BadLine(`${issue?.path.join('.') || 'it'} is missing or wrong`);
    }
    const fields = parsed.data;
    if (LEFT_OUT.has(fields.layer) || fields.details?.security === 'bogus') return { kind: 'left-out' };
    return { kind: 'entry', entry: readEntry(fields) };
  } catch (error) {
    if (error instanceof SyntaxError) return { kind: 'bad', reason: 'it is no JSON' };
    if (error instanceof BadLine || error instanceof NameError) return { kind: 'bad', reason: error.message };
    throw error;
  }
}

function readEntry(fields: LineFields): LoadableEntry {
  const name = parseName(fields.name);
  if (fields.class !== undefined) throw new BadLine('only class IN is kept');
  if (fields.layer === 'resolver' && fields.holds === 'rrset') return readRRsetLine(name, fields);
  if (fields.layer === 'negative') return readDenialLine(name, fields);
  if (fields.layer === 'delegation') return readDelegationLine(name, fields);
  throw new BadLine('layer and holds do not go together');
}

function readRRsetLine(name: Name, fields: LineFields): LoadableEntry {
  const [rrset, ...others] = readRRsets(fields.records);
  const type = typeOf(fields);
  if (!rrset || others.length > 0 || rrset.name !== name || rrset.type !== type) {
    throw new BadLine(`its records are not one RRset of ${fields.name} ${formatType(type)}`);
  }
  const rank = Rank[fields.details?.rank as keyof typeof Rank];
  if (rank === undefined) throw new BadLine('details.rank is no trust rank');
  const packed = packRecords(received(rrset, fields), readRRsets(fields.proof ?? []));
  return saved('resolver', name, rrsetKey(name, type), packed, rank, fields);
}

function readDenialLine(name: Name, fields: LineFields): LoadableEntry {
  const [soa, ...others] = readRRsets(fields.records);
  if (!soa || others.length > 0 || soa.type !== RRType.SOA) throw new BadLine('its record is no SOA');
  const packed = packRRsets([received(soa, fields), ...readRRsets(fields.proof ?? [])]);
  if (fields.holds === 'nxdomain') return saved('negative', name, nxdomainKey(name), packed, 0, fields);
  if (fields.holds !== 'nodata') throw new BadLine('a denial is nxdomain or nodata');
  return saved('negative', name, rrsetKey(name, typeOf(fields)), packed, 0, fields);
}

function typeOf({ type: text = '' }: LineFields): number {
  const type = parseType(text);
  if (type === undefined || type === 0) throw new BadLine('type is no record type');
  return type;
}

/** With the TTL as it came, which clients of lease-bound data are told. */
function received(rrset: RRset, { originalTtlSec }: LineFields): RRset {
  if (rrset.class !== RRClass.IN) throw new BadLine('only class IN is kept');
  if (originalTtlSec === undefined) throw new BadLine('originalTtlSec is missing');
  return withTtl(rrset, originalTtlSec);
}

function saved(
  layer: 'resolver' | 'negative',
  name: Name,
  key: Octets,
  packed: Octets | undefined,
  rank: number,
  fields: LineFields,
): LoadableEntry {
  if (packed === undefined) throw new BadLine('it is too large');
  const storedAtMs = Date.parse(fields.stored ?? '');
  const claimedMs = Date.parse(fields.expires ?? '');
  const leaseUntilMs = fields.lease === undefined ? Infinity : Date.parse(fields.lease);
  // However it was kept, its owner gave it no more than this.
  const expiresAtMs = Math.min(claimedMs, storedAtMs + fields.originalTtlSec! * 1000, leaseUntilMs);
  if (!(storedAtMs < expiresAtMs)) throw new BadLine('it ends before it began');
  const origin = readOrigin(fields);
  return { layer, name, saved: { key, packed, storedAtMs, expiresAtMs, leaseUntilMs, rank, origin } };
}

function readOrigin({ details = {} }: LineFields): Origin {
  const { server, serverName, transport, zone, question } = details;
  const known = transport === 'none' || transport === 'udp' || transport === 'tcp';
  if (typeof server !== 'string' || !/^[\x21-\x7e]{1,60}$/.test(server) || !known) {
    throw new BadLine('its origin is missing or wrong');
  }
  const [asked, askedType] = typeof question === 'string' ? question.split(' ') : [];
  const type = askedType === undefined ? undefined : parseType(askedType);
  return {
    server,
    transport,
    zone: parseName(String(zone)),
    ...(typeof serverName === 'string' ? { serverName: parseName(serverName) } : {}),
    ...(asked && type ? { question: { name: parseName(asked), type, class: RRClass.IN } } : {}),
  };
}

function readDelegationLine(zone: Name, fields: LineFields): LoadableEntry {
  if (fields.lease === undefined) return throwBad('a delegation without lease is configured, not learnt');
  const rrsets = readRRsets(fields.records);
  const ofZone = (type: number) => rrsets.find((rrset) => rrset.name === zone && rrset.type === type);
  const ns = ofZone(RRType.NS) ?? throwBad('it has no NS records');
  const { ds: says } = fields.details ?? {};
  const ds = says === 'present' ? ofZone(RRType.DS) : says;
  if (ds !== 'none' && ds !== 'unknown' && typeof ds !== 'object') throw new BadLine('its DS is missing');
  const servers = ns.rdatas.map((rdata) => serverOf(toName(rdata), fields.records));
  const leaseUntilMs = Date.parse(fields.lease);
  const dsProof = readRRsets(fields.proof ?? []);
  const delegation = { zone, servers, ds, dsProof, leaseUntilMs, security: 'unchecked' } as const;
  return { layer: 'delegation', name: zone, delegation };
}

/** Addresses are taken as they are written. */
function serverOf(name: Name, records: readonly string[]): DelegationServer {
  const addresses = records.flatMap((line) => {
    const [owner = '', , , type, address = ''] = line.split('\t');
    const mine = (type === 'A' || type === 'AAAA') && isIP(address) > 0 && parseName(owner) === name;
    return mine ? [address] : [];
  });
  return { name, addresses };
}

function throwBad(reason: string): never {
  throw new BadLine(reason);
}
