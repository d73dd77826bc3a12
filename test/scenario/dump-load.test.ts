/** Caches to lines of text and back into a resolver that is cut off: the same answers, proven anew. */
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/compose/engine.js';
import { cacheEntries } from '../../src/compose/entries/cache-views.js';
import { readDumpLine } from '../../src/compose/entries/load-entries.js';
import { loadIntoCaches } from '../../src/compose/entries/load-into-caches.js';
import { loadLines } from '../../src/compose/entries/load-lines.js';
import { parseName } from '../../src/dns/name.js';
import { RRType } from '../../src/dns/registry.js';
import type { CacheEntry } from '../../src/observe/control.js';
import type { ScenarioNet } from '../support/scenario-net.js';
import { signed, world, zone } from '../support/world.js';

const zones = [
  signed('.', '192.0.2.1', 'test. NS ns.test.\nns.test. A 192.0.2.2'),
  signed(
    'test.',
    '192.0.2.2',
    'safe NS ns.safe\nns.safe A 192.0.2.3\nplain NS ns.plain\nns.plain A 192.0.2.4\nwww A 198.51.100.1',
  ),
  signed('safe.test.', '192.0.2.3', 'www 300 A 198.51.100.2\nalias 300 CNAME www\n*.wild 300 A 198.51.100.3'),
  zone('plain.test.', '192.0.2.4', 'www 300 A 198.51.100.4\ntxt 300 TXT "a;b \\"c\\" \\255" second'),
];
const validating = { config: 'dnssec: { mode: validate }' };

const questions = [
  ['www.safe.test.', 'A'],
  ['alias.safe.test.', 'A'],
  ['any.wild.safe.test.', 'A'],
  ['gone.safe.test.', 'A'],
  ['www.safe.test.', 'MX'],
  ['www.plain.test.', 'A'],
  ['txt.plain.test.', 'TXT'],
  ['gone.plain.test.', 'A'],
  ['www.test.', 'A'],
] as const;

function linesOf(engine: Engine, nowMs: number): string[] {
  return [...cacheEntries(engine.caches, undefined, nowMs)].map((entry) => JSON.stringify(entry));
}

/** A net with full caches, and a cold one at the same time whose servers are silent. */
async function pair(options = validating) {
  const full = world(zones, options);
  for (const [name, type] of questions) await full.resolve(name, type);
  const cut = world(zones, { ...options, forge: () => 'silence' });
  await cut.clock.advance(full.clock.wallMs() - cut.clock.wallMs());
  const load = (lines: readonly string[]) =>
    loadLines(lines, (entries) => loadIntoCaches(entries, cut.engine.caches, cut.clock.wallMs()));
  return { full, cut, load, lines: linesOf(full.engine, full.clock.wallMs()) };
}

/** Lines with some fields set otherwise, for those entries that `of` takes. */
function changed(lines: readonly string[], of: (entry: CacheEntry) => boolean, to: object): string[] {
  return lines.map((line) => {
    const entry = JSON.parse(line) as CacheEntry;
    return of(entry) ? JSON.stringify({ ...entry, ...to }) : line;
  });
}

async function told(net: ScenarioNet, [name, type]: readonly [string, string]) {
  const { outcome, lookupClass } = await net.resolve(name, type);
  const security = outcome.kind === 'failure' ? undefined : outcome.security;
  return { kind: outcome.kind, security, outcome, lookupClass };
}

describe('a dump that is loaded into cold caches', () => {
  it('gives the same answers without asking a server, proven anew', async () => {
    const { full, cut, load, lines } = await pair();
    expect(await load(lines)).toMatchObject({ skipped: 0, leftOut: 0, bad: [] });
    cut.resetQueries();
    for (const question of questions) {
      const before = await told(full, question);
      const after = await told(cut, question);
      expect(after.outcome, question.join(' ')).toEqual(before.outcome);
      expect(['resolver', 'negative'], question.join(' ')).toContain(after.lookupClass);
    }
    expect(cut.asked).toEqual([]);
  });

  it('is unchecked until somebody asks, and then as secure as it can be proven', async () => {
    const { cut, load, lines } = await pair();
    await load(lines);
    const securities = () => new Set([...cut.engine.caches.rrsets.entries()].map((entry) => entry.security));
    expect(securities()).toEqual(new Set(['unchecked']));
    expect((await told(cut, ['www.safe.test.', 'A'])).security).toBe('secure');
    expect((await told(cut, ['www.plain.test.', 'A'])).security).toBe('insecure');
    expect(securities()).toEqual(new Set(['unchecked', 'secure', 'insecure']));
    const { caches } = cut.engine;
    expect(caches.rrsets.peek(parseName('www.safe.test.'), RRType.A)?.security).toBe('secure');
  });

  it('is not believed though the file calls it secure', async () => {
    const { cut, load, lines } = await pair();
    const forged = changed(lines, ({ name, type }) => name === 'www.safe.test.' && type === 'A', {
      records: ['www.safe.test.\t300\tIN\tA\t203.0.113.66'],
      details: {
        security: 'secure',
        rank: 'answer',
        server: '192.0.2.3',
        transport: 'udp',
        zone: 'safe.test.',
      },
    });
    expect(forged).not.toEqual(lines);
    await load(forged);
    const { kind } = await told(cut, ['www.safe.test.', 'A']);
    expect(kind).toBe('failure'); // it had to walk, and nobody answers
    expect(cut.engine.caches.rrsets.peek(parseName('www.safe.test.'), RRType.A)).toBeUndefined();
  });

  it('obeys expiry and lease, and lives no longer than its owner said', async () => {
    const { cut, load, lines } = await pair();
    const far = new Date(cut.clock.wallMs() + 400 * 86_400_000).toISOString();
    await load(changed(lines, ({ layer }) => layer === 'resolver', { expires: far, lease: undefined }));
    await cut.clock.advance(301_000);
    expect(cut.engine.caches.rrsets.peek(parseName('www.safe.test.'), RRType.A)).toBeUndefined();
    const late = await pair();
    await late.cut.clock.advance(4_000_000);
    const loaded = await late.load(late.lines);
    expect(loaded.loaded).toBeLessThan(loaded.skipped);
    for (const entry of late.cut.engine.caches.rrsets.entries()) {
      expect(entry.leaseUntilMs).toBeGreaterThan(late.cut.clock.wallMs());
    }
  });

  it('replaces nothing that is known', async () => {
    const { full, load, lines } = await pair();
    await load(lines);
    const entries = [...full.engine.caches.rrsets.entries()].length;
    const again = await loadLines(lines, (list) =>
      loadIntoCaches(list, full.engine.caches, full.clock.wallMs()),
    );
    expect(again.loaded).toBe(0);
    expect([...full.engine.caches.rrsets.entries()]).toHaveLength(entries);
  });

  it('serves without validation as well', async () => {
    const { full, cut, load, lines } = await pair({ config: 'dnssec: { mode: off }' });
    await load(lines);
    cut.resetQueries();
    for (const question of questions) {
      expect((await told(cut, question)).outcome).toEqual((await told(full, question)).outcome);
    }
    expect(cut.asked).toEqual([]);
  });
});

describe('lines that cannot be right', () => {
  it('are counted with their place and a reason, and the others are loaded', async () => {
    const { load, lines } = await pair();
    const rrset = lines.find((line) => line.includes('"www.plain.test."') && line.includes('"rrset"'))!;
    const spoilt = (to: object) => changed([rrset], () => true, to)[0]!;
    const details = (JSON.parse(rrset) as CacheEntry).details;
    const bad: [string, RegExp][] = [
      ['{', /no JSON/],
      ['[]', /missing or wrong/],
      [spoilt({ layer: 'moon' }), /do not go together/],
      [spoilt({ name: 'a..b' }), /dots/],
      [spoilt({ name: 'other.test.' }), /not one RRset/],
      [spoilt({ type: 'MX' }), /not one RRset/],
      [spoilt({ type: 'NOPE' }), /no record type/],
      [spoilt({ class: 'CH' }), /only class IN/],
      [spoilt({ records: [] }), /not one RRset/],
      [spoilt({ records: ['www.plain.test. 300 IN A 999.1.1.1'] }), /cannot be read/],
      [spoilt({ records: ['$INCLUDE /etc/passwd'] }), /cannot be read/],
      [
        spoilt({ records: ['www.plain.test. 300 IN A 192.0.2.1\nwww.plain.test. 300 IN A 192.0.2.2'] }),
        /cannot be/,
      ],
      [spoilt({ expires: 'tomorrow' }), /expires/],
      [spoilt({ expires: undefined }), /ends before it began/],
      [spoilt({ lease: '2001-01-01T00:00:00.000Z' }), /ends before it began/],
      [spoilt({ originalTtlSec: -1 }), /originalTtlSec/],
      [spoilt({ originalTtlSec: undefined }), /originalTtlSec/],
      [spoilt({ details: { ...details, rank: 'king' } }), /no trust rank/],
      [spoilt({ details: { ...details, server: undefined } }), /origin/],
      [spoilt({ proof: ['www.plain.test. 300 IN RRSIG broken'] }), /cannot be read/],
    ];
    const result = await load([rrset, ...bad.map(([line]) => line), '']);
    expect(result).toMatchObject({ loaded: 1, skipped: 0, leftOut: 0 });
    expect(result.bad.map(({ line }) => line)).toEqual(bad.map((_, i) => i + 2));
    for (const [i, [line, reason]] of bad.entries()) expect(result.bad[i]!.reason, line).toMatch(reason);
  });

  it('are not lines of layers that are made anew, nor of bogus data', async () => {
    const { load, lines } = await pair();
    const stub = JSON.stringify({ layer: 'stub', name: 'a.', holds: 'answer', records: [] });
    const bogus = changed([lines[0]!], () => true, { details: { security: 'bogus' } });
    expect(await load([stub, ...bogus])).toEqual({ loaded: 0, skipped: 0, leftOut: 2, bad: [] });
  });

  it('never throw, whatever octet of a good line is wrong', async () => {
    const { lines } = await pair();
    for (const line of lines.slice(0, 12)) {
      for (let at = 0; at < line.length; at += 3) {
        const read = readDumpLine(`${line.slice(0, at)}${'0"x\\{,'[at % 6]}${line.slice(at + 1)}`);
        expect(['entry', 'left-out', 'bad']).toContain(read.kind);
      }
    }
  });
});
