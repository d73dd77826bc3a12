/**
 * A small world for tests of the stub cache's lanes: names with every kind of answer, a resolver that caches them
 * in whole seconds, and random queries for them.
 */
import fc from 'fast-check';
import { parseName } from '../../src/dns/name.js';
import type { Outcome } from '../../src/dns/outcome.js';
import { RRType } from '../../src/dns/registry.js';
import type { Question, RRset } from '../../src/dns/rrset.js';
import { type Answering, fakeRrsig, type Harness, rrset, soaRecord } from './server-harness.js';

const names = [
  'www.example.',
  'alias.example.',
  'gone.example.',
  'empty.example.',
  'big.example.',
  'said.example.',
];
const TTL_SEC = 40;

/** What the world holds, with full TTLs. */
function outcomeOf(question: Question, cd: boolean): Outcome {
  const common = {
    aliases: [],
    proof: [nsec],
    security: question.type === RRType.MX ? 'insecure' : 'secure',
  } as const;
  const soa = signed(soaRecord('example.', TTL_SEC));
  switch (question.name) {
    case parseName('gone.example.'):
      return { kind: 'nxdomain', soa, ...common };
    case parseName('empty.example.'):
      // With CD the client gets what fails validation without it.
      if (cd) return { kind: 'answer', ...common, rrsets: [data(question, undefined, 1)], security: 'bogus' };
      return { kind: 'nodata', soa, ...common };
    case parseName('alias.example.'): {
      const alias = signed(rrset('alias.example.', RRType.CNAME, ['\x03WwW\x07Example\0'], ttl));
      return { kind: 'answer', ...common, aliases: [alias], rrsets: [data(question, 'www.example.', 3)] };
    }
    case parseName('said.example.'):
      return {
        kind: 'answer',
        ...common,
        rrsets: [data(question, 'said.example.', 1)],
        ede: [{ code: 29, text: 'x' }],
      };
    default:
      return {
        kind: 'answer',
        ...common,
        rrsets: [data(question, undefined, question.name === big ? 70 : 2)],
      };
  }
}

const ttl = { ttlSec: TTL_SEC };
const big = parseName('big.example.');
const nsec = signed(rrset('a.example.', RRType.NSEC, [`${parseName('z.example.')}\0\x01\x40`], ttl));

function signed(set: RRset): RRset {
  return { ...set, signatures: [fakeRrsig(set.type, 'example.')] };
}

function data(question: Question, owner: string | undefined, count: number): RRset {
  const name = owner ? parseName(owner) : question.name;
  const rdatas = Array.from({ length: count }, (_, i) => rdataOf(question.type, i));
  return signed({ name, type: question.type, class: 1, ttlSec: TTL_SEC, rdatas, signatures: [] });
}

function rdataOf(type: number, i: number): string {
  if (type === RRType.MX) return `\0${String.fromCharCode(i)}\x04Mail\x07eXaMple\0`;
  const last = String.fromCharCode(i + 1);
  return type === RRType.A ? `\xc0\0\x02${last}` : `\x20\x01\x0d\xb8${'\0'.repeat(11)}${last}`;
}

/** The resolver's cache: learns on the first question, counts down in whole seconds, forgets at the end. */
export function cachingResolver(h: () => Harness): Answering {
  const learnt = new Map<string, number>();
  return (question, options) => {
    const now = h().clock.wallMs();
    const key = `${question.name} ${question.type}`;
    let expiresAtMs = learnt.get(key) ?? 0;
    if (expiresAtMs <= now) expiresAtMs = now + TTL_SEC * 1000;
    learnt.set(key, expiresAtMs);
    const outcome = aged(outcomeOf(question, options.cd === true), Math.floor((expiresAtMs - now) / 1000));
    return { outcome, lookupClass: 'resolver', budget: undefined, keepUntilMs: expiresAtMs };
  };
}

function aged(outcome: Outcome, ttlSec: number): Outcome {
  const age = (sets: readonly RRset[]) => sets.map((set) => ({ ...set, ttlSec }));
  if (outcome.kind === 'failure') return outcome;
  const aliases = age(outcome.aliases);
  const proof = age(outcome.proof);
  if (outcome.kind === 'answer') return { ...outcome, aliases, proof, rrsets: age(outcome.rrsets) };
  return { ...outcome, aliases, proof, soa: outcome.soa && { ...outcome.soa, ttlSec } };
}

const anyCase = fc.constantFrom(...names).chain((name) =>
  fc.array(fc.boolean(), { minLength: name.length, maxLength: name.length }).map((upper) => {
    return [...name].map((char, i) => (upper[i] ? char.toUpperCase() : char)).join('');
  }),
);

const anyEdns = fc.option(
  fc.record({
    udpSize: fc.constantFrom(0, 512, 700, 1232, 4096, 65_535),
    do: fc.boolean(),
    options: fc.subarray([
      { code: 3, data: '' },
      { code: 11, data: '' },
      { code: 12, data: '\0\0\0' },
      { code: 65_001, data: 'x' },
    ]),
  }),
  { nil: undefined },
);

export const anyStep = fc.record({
  name: anyCase,
  type: fc.constantFrom(RRType.A, RRType.A, RRType.MX),
  id: fc.integer({ min: 0, max: 65_535 }),
  ad: fc.boolean(),
  cd: fc.constantFrom(false, false, false, true),
  tcp: fc.boolean(),
  edns: anyEdns,
  // Whole seconds: within one the countdown of two caches that learnt at different moments may differ by one.
  waitSec: fc.constantFrom(0, 0, 0, 1, 5, 30),
});
