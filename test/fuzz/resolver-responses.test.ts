/**
 * Hostile responses against the resolver: ID and question are right, so they pass the match, and the rest is mutated
 * or comes from real messages about something else.
 *
 * The rules: every resolution settles, within its budget, on an outcome that the server can send to a client; nothing is
 * left under way; what is called secure is what the owner of the zone signed; and a zone whose servers are honest
 * answers as before, whatever the hostile ones said of it.
 */
import { describe, expect, it } from 'vitest';
import { formatName, parseName } from '../../src/dns/name.js';
import type { Outcome } from '../../src/dns/outcome.js';
import { RRType } from '../../src/dns/registry.js';
import { type Random, seededRandom } from '../../src/runtime/random.js';
import { decodeMessage } from '../../src/wire/decode.js';
import { fuzzRounds, fuzzSeed, fuzzTimeoutMs } from '../support/fuzz-settings.js';
import { question, type ScenarioNet, type Tamper } from '../support/scenario-net.js';
import { readCorpus } from '../support/wire-corpus.js';
import { signed, world, zone } from '../support/world.js';

const HEADER_OCTETS = 12;
const TYPES = [
  'A',
  'AAAA',
  'MX',
  'TXT',
  'NS',
  'SOA',
  'CNAME',
  'DS',
  'DNSKEY',
  'SVCB',
  'ANY',
  'RRSIG',
  'TYPE65280',
];
const NAMES = ['www', 'alias', 'dn', 'a.dn', 'mail', 'gone', 'x.y.z', 'sub', 'a.sub', 'w.wild', '@'];

const evilText = `www A 198.51.100.1
www AAAA 2001:db8::1
alias CNAME www
dn DNAME www
mail MX 1 www
txt TXT "x"
*.wild A 198.51.100.2
sub NS ns.sub
ns.sub A 192.0.2.3`;

const corpus = readCorpus()
  .map(({ wire }) => wire)
  .filter((wire) => wire.length > HEADER_OCTETS + 5 && wire.length < 2000);

/** End of the question; the packets are answers of the mock internet. */
function bodyAt(packet: Buffer): number {
  let at = HEADER_OCTETS;
  while (packet[at] !== 0) at += 1 + packet[at]!;
  return at + 5;
}

type Mutation = (packet: Buffer, body: number, random: Random) => Buffer;

const mutations: readonly Mutation[] = [
  (packet, body, random) => {
    if (packet.length > body) packet[body + random.below(packet.length - body)]! ^= 1 << random.below(8);
    return packet;
  },
  (packet, body, random) => {
    if (packet.length > body) packet[body + random.below(packet.length - body)] = random.below(256);
    return packet;
  },
  (packet, _body, random) => {
    packet[2] = (packet[2]! & 0xf9) | (random.below(4) << 1); // AA, TC
    packet[3] = random.below(256); // RA, AD, CD, RCODE
    return packet;
  },
  (packet, _body, random) => {
    // Sections change their places: answers become referrals and the other way round.
    const counts = [6, 8, 10].map((at) => packet.readUInt16BE(at));
    const turn = 1 + random.below(2);
    for (const [i, at] of [6, 8, 10].entries()) packet.writeUInt16BE(counts[(i + turn) % 3]!, at);
    return packet;
  },
  (packet, body, random) => {
    const other = corpus[random.below(Math.max(1, corpus.length))];
    if (!other) return packet;
    let at = HEADER_OCTETS;
    if (other.readUInt16BE(4) !== 1) return packet;
    while (at < other.length && other[at] !== 0 && other[at]! < 64) at += 1 + other[at]!;
    const joined = Buffer.concat([packet.subarray(0, body), other.subarray(at + 5)]);
    other.copy(joined, 6, 6, HEADER_OCTETS);
    return joined;
  },
  (packet, body, random) => packet.subarray(0, body + random.below(packet.length - body + 1)),
];

function hostile(packet: Buffer, random: Random): Buffer {
  let changed: Buffer = Buffer.from(packet);
  const body = bodyAt(packet);
  for (let left = 1 + random.below(4); left > 0; left--) {
    changed = mutations[random.below(mutations.length)]!(changed, Math.min(body, changed.length), random);
  }
  return changed;
}

function zonesOf(secure: boolean) {
  const make = secure ? signed : zone;
  return [
    make('.', '192.0.2.1', 'evil NS ns.evil\nns.evil A 192.0.2.2\ngood NS ns.good\nns.good A 192.0.2.4'),
    make('evil.', '192.0.2.2', evilText),
    make('sub.evil.', '192.0.2.3', 'a A 198.51.100.3'),
    make('good.', '192.0.2.4', 'www A 203.0.113.7\nmail MX 1 www'),
  ];
}

const configOf = (secure: boolean) => `dnssec: { mode: ${secure ? 'validate' : 'off'} }`;

function hostileNet(random: Random, secure: boolean): ScenarioNet {
  const tamper: Tamper = (packet, { address }) =>
    (address === '192.0.2.2' || address === '192.0.2.3') && random.below(4) > 0
      ? [hostile(packet, random), packet].slice(0, 1 + random.below(2))
      : [packet];
  return world(zonesOf(secure), { tamper, seed: random.uint32(), config: configOf(secure) });
}

/** What an outcome says of the name, in one line. */
function said(outcome: Outcome): string {
  if (outcome.kind !== 'answer') return outcome.kind;
  const sets = [...outcome.aliases, ...outcome.rrsets].map(
    ({ name, type, rdatas }) => `${formatName(name)} ${type} ${[...rdatas].sort().join('|')}`,
  );
  return sets.sort().join('; ');
}

/** Of these a part is an answer too. */
const isAnyOrRrsig = (type: number) => type === RRType.ANY || type === RRType.RRSIG;

describe.each([
  ['unsigned', false],
  ['signed', true],
])('hostile responses for %s zones', (_what, secure) => {
  it('end in an outcome, within the budget, and harm no other zone', { timeout: fuzzTimeoutMs }, async () => {
    const random = seededRandom(fuzzSeed(secure ? 11 : 12));
    for (let round = 0; round < fuzzRounds(secure ? 12 : 40); round++) {
      const net = hostileNet(random, secure);
      const honest = world(zonesOf(secure), { config: configOf(secure) });
      for (let i = 0; i < 25; i++) {
        const label = NAMES[random.below(NAMES.length)]!;
        const name = label === '@' ? 'evil.' : `${label}.evil.`;
        const asked = question(name, TYPES[random.below(TYPES.length)]!);
        const cd = random.below(4) === 0;
        const { outcome, budget } = await net.clock.runUntil(net.engine.resolver.resolve(asked, { cd }));
        expect(['answer', 'nodata', 'nxdomain', 'failure']).toContain(outcome.kind);
        // Nobody but the owner has the keys, so what is secure is what the owner says.
        if (secure && outcome.kind !== 'failure' && outcome.security === 'secure') {
          const truth = await honest.clock.runUntil(honest.engine.resolver.resolve(asked));
          if (!isAnyOrRrsig(asked.type)) expect(said(outcome)).toBe(said(truth.outcome));
        }
        if (outcome.kind === 'answer') {
          for (const rrset of outcome.rrsets) expect(rrset.rdatas.length).toBeLessThanOrEqual(256);
        }
        for (const item of ['upstreamQueries', 'bytes', 'depth', 'aliases', 'signatureChecks'] as const) {
          expect(budget?.usedOf(item) ?? 0).toBeLessThanOrEqual(budget?.limits[item] ?? 0);
        }
        if (random.below(5) === 0) await net.clock.advance(random.below(400_000));
      }
      expect(await net.say('www.good.')).toBe('203.0.113.7');
      expect(net.cachedDelegation('good.')?.servers.flatMap((s) => s.addresses)).toEqual(['192.0.2.4']);
      expect(net.engine.resolver.pending).toBe(0);
      expect(net.cachedDelegation('com.')).toBeUndefined();
      expect(net.engine.caches.rrsets.peek(parseName('www.com.'), 1)).toBeUndefined();
    }
  });
});

it('the mutations do make what is still a message, now and then', () => {
  const random = seededRandom(1);
  const net = hostileNet(random, false);
  const answer = net.internet.answer('192.0.2.2', sample(), 'udp', random);
  if (answer?.kind !== 'reply') throw new Error('no answer');
  let whole = 0;
  for (let i = 0; i < 1000; i++) if (decodeMessage(hostile(answer.packet, random)).ok) whole++;
  expect(whole).toBeGreaterThan(100);
  expect(whole).toBeLessThan(950);
});

function sample(): Buffer {
  return Buffer.from('12340100000100000000000003777777046576696c0000010001', 'hex');
}
