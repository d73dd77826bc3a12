/**
 * Zones that every resolver serves by itself, so that queries for them never leak to the root or to AS112.
 *
 * RFC 6761 (localhost, invalid, test), RFC 6762 22.1 (local), RFC 7686 (onion), RFC 8375 (home.arpa),
 * RFC 6303 and RFC 7793 (reverse zones of private and special addresses), RFC 9462 8 (resolver.arpa).
 * The empty zones hold what RFC 6303 3 says: an SOA and an NS at the apex, nothing else.
 *
 * Limitations: no discovery of designated resolvers: `_dns.resolver.arpa` does not exist.
 */
import { type Name, parentName, parseName, ROOT } from '../dns/name.js';
import { Rcode, RRClass, RRType } from '../dns/registry.js';
import type { Question, RRset } from '../dns/rrset.js';
import { u32Octets } from '../wire/octets.js';

/** RFC 6303 3: the TTL of what is served here, in seconds. */
const LOCAL_TTL_SEC = 10_800;

interface LocalZone {
  readonly apex: Name;
  readonly soa: RRset;
  /** Data by owner name and then type. The apex always has an entry. */
  readonly nodes: ReadonlyMap<Name, ReadonlyMap<number, RRset>>;
  /** Every name under the apex has the apex's addresses (RFC 6761 6.3). */
  readonly covering: boolean;
}

export interface LocalAnswer {
  readonly zone: Name;
  readonly rcode: number;
  readonly answer: readonly RRset[];
  /** The SOA, for NODATA and NXDOMAIN (RFC 2308). */
  readonly authority: readonly RRset[];
}

const specialNames = ['invalid', 'test', 'onion', 'local', 'home.arpa', 'resolver.arpa'];

const reverseZones = [
  ...['0', '10', '127', '254.169', '168.192', '2.0.192', '100.51.198', '113.0.203', '255.255.255.255'],
  ...range(16, 31).map((octet) => `${octet}.172`),
  ...range(64, 127).map((octet) => `${octet}.100`),
].map((prefix) => `${prefix}.in-addr.arpa`);

const reverse6Zones = [
  '0.'.repeat(32),
  `1.${'0.'.repeat(31)}`,
  'd.f.',
  '8.e.f.',
  '9.e.f.',
  'a.e.f.',
  'b.e.f.',
  '8.b.d.0.1.0.0.2.',
].map((prefix) => `${prefix}ip6.arpa`);

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function rrset(name: Name, type: number, rdata: string): RRset {
  return { name, type, class: RRClass.IN, ttlSec: LOCAL_TTL_SEC, rdatas: [rdata], signatures: [] };
}

const LOCALHOST = parseName('localhost.');
const NOBODY = parseName('nobody.invalid.');

function soaOf(apex: Name): RRset {
  const numbers = [1, 3600, 1200, 604_800, LOCAL_TTL_SEC].map(u32Octets).join('');
  return rrset(apex, RRType.SOA, apex + NOBODY + numbers);
}

function zone(text: string, data: readonly RRset[] = [], covering = false): LocalZone {
  const apex = parseName(`${text}.`);
  const soa = soaOf(apex);
  const nodes = new Map<Name, Map<number, RRset>>();
  for (const set of [soa, rrset(apex, RRType.NS, apex), ...data]) {
    for (let owner = set.name; owner !== apex; owner = parentName(owner)) {
      if (!nodes.has(owner)) nodes.set(owner, new Map()); // empty non-terminals exist too (RFC 4592 2.2.2)
    }
    const node = nodes.get(set.name) ?? new Map<number, RRset>();
    nodes.set(set.name, node.set(set.type, set));
  }
  return { apex, soa, nodes, covering };
}

const loopback4 = parseName('1.0.0.127.in-addr.arpa.');
const loopback6 = parseName(`1.${'0.'.repeat(31)}ip6.arpa.`);

function buildZones(): ReadonlyMap<Name, LocalZone> {
  const data = new Map<string, readonly RRset[]>([
    ['127.in-addr.arpa', [rrset(loopback4, RRType.PTR, LOCALHOST)]],
    [`1.${'0.'.repeat(31)}ip6.arpa`, [rrset(loopback6, RRType.PTR, LOCALHOST)]],
  ]);
  const addresses = [
    rrset(LOCALHOST, RRType.A, '\x7f\0\0\x01'),
    rrset(LOCALHOST, RRType.AAAA, `${'\0'.repeat(15)}\x01`),
  ];
  const plain = [...specialNames, ...reverseZones, ...reverse6Zones].map((text) =>
    zone(text, data.get(text)),
  );
  return new Map([...plain, zone('localhost', addresses, true)].map((z) => [z.apex, z]));
}

const zones = buildZones();
/** The last labels of all those zones, as names: most queries are told apart by these alone. */
const topLabels = new Set([...zones.keys()].map(topOf));

function topOf(name: Name): Name {
  let at = 0;
  for (let next = 0; next < name.length - 1; next += 1 + name.charCodeAt(next)) at = next;
  return name.slice(at) as Name;
}

function findZone(name: Name): LocalZone | undefined {
  if (!topLabels.has(topOf(name))) return undefined;
  for (let owner = name; owner !== ROOT; owner = parentName(owner)) {
    const found = zones.get(owner);
    if (found) return found;
  }
  return undefined;
}

/**
 * The answer of a special-use or locally served zone; undefined when the question belongs to none.
 * A DS query at an apex belongs to the parent zone, which proves that the delegation is not signed.
 */
export function answerLocally(question: Question): LocalAnswer | undefined {
  const found = findZone(question.name);
  if (!found) return undefined;
  if (question.type === RRType.DS && question.name === found.apex) return undefined;
  const node = found.covering ? found.nodes.get(found.apex) : found.nodes.get(question.name);
  const denial = { zone: found.apex, answer: [], authority: [found.soa] };
  if (!node) return { ...denial, rcode: Rcode.NXDOMAIN };
  const sets = question.type === RRType.ANY ? [...node.values()] : [node.get(question.type)];
  const answer: RRset[] = [];
  for (const set of sets) {
    const ofApex = set?.type === RRType.SOA || set?.type === RRType.NS;
    if (set && !(ofApex && question.name !== found.apex)) answer.push({ ...set, name: question.name });
  }
  return answer.length === 0
    ? { ...denial, rcode: Rcode.NOERROR }
    : { zone: found.apex, rcode: Rcode.NOERROR, answer, authority: [] };
}
