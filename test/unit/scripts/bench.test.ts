/**
 * The parts of the benchmark that decide what its figures mean: reading dnsperf, medians and ratios, the command line, and
 * the replay of the eviction study. The scripts are plain .mjs, so they are imported by address and typed here.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

interface Cell {
  median: number | null;
  remarks: string[];
}
interface Line {
  cells: Record<string, Cell>;
  ratios: { best: number | null; unbound: number | null; floor: number | null };
}
interface Sample {
  row: string;
  peer: string;
  round: number;
  value?: number;
  warning?: string;
  error?: string;
}
interface Policy {
  get(key: string): { expiresAtMs: number } | undefined;
  set(key: string, value: { expiresAtMs: number }): boolean;
  delete(key: string): boolean;
}

async function script<T>(path: string): Promise<T> {
  return import(new URL(`../../../scripts/bench/${path}`, import.meta.url).href) as Promise<T>;
}

const load = await script<{ parseReport(text: string): Record<string, number> }>('load.mjs');
const options = await script<{ parseOptions(argv: string[]): string | { rows: { id: string }[] } }>(
  'options.mjs',
);
const report = await script<{
  median(values: number[]): number | null;
  summarise(input: unknown): { lines: Line[] };
  renderReport(summary: unknown): string;
}>('report.mjs');
const replay = await script<{
  policyHits(keys: string[], policy: Policy): number;
  clairvoyantHits(keys: string[], capacity: number): number;
}>('eviction/replay.mjs');

const hits = await script<{ warnUnlessHits(measured: { authorityUsPerQuery: number }): string | undefined }>(
  'rows/only-hits.mjs',
);

const { words } = await script<{ words(text: string): string[] }>('peers/ours.mjs');

it('arguments for Node may stand between any number of spaces', () => {
  expect(words('')).toEqual([]);
  expect(words(' --cpu-prof   --cpu-prof-dir=/x ')).toEqual(['--cpu-prof', '--cpu-prof-dir=/x']);
});

const dnsperfOutput = `
Statistics:

  Queries sent:         1000
  Queries completed:    990 (99.00%)
  Queries lost:         10 (1.00%)

  Response codes:       NOERROR 980 (98.99%), SERVFAIL 10 (1.01%)
  Run time (s):         2.000000
  Queries per second:   495.250000

  Average Latency (s):  0.001500 (min 0.000100, max 0.100000)
`;

function summaryOf(samples: Sample[]): { lines: Line[] } {
  const peers = ['ours', 'unbound', 'knot', 'floor'].map((id) => ({ id }));
  const rows = [{ id: 'hit', title: 'hit', unit: 'us' }];
  const versions = new Map(peers.map(({ id }) => [id, '1']));
  const machine = { model: 'm', cores: 2, kernel: 'k', node: 'n' };
  return report.summarise({ samples, versions, options: { rows, peers, rounds: 1, seconds: 1 }, machine });
}

function sample(peer: string, value: number, round = 0, warning?: string): Sample {
  return { row: 'hit', peer, round, value, ...(warning === undefined ? {} : { warning }) };
}

describe('reading dnsperf', () => {
  it('takes counts, rate and latency from the statistics', () => {
    const result = load.parseReport(dnsperfOutput);
    expect(result).toMatchObject({ completed: 990, lost: 10, perSecond: 495.25 });
    expect(result.noerror).toBeCloseTo(980 / 990);
    expect(result.latencyMs).toBeCloseTo(1.5);
  });

  it('finds nothing answered in output without statistics', () => {
    expect(load.parseReport('')).toMatchObject({ completed: 0, noerror: 0 });
  });
});

describe('medians and ratios', () => {
  it('takes the middle value, or the mean of the two in the middle', () => {
    expect(report.median([3, 1, 2])).toBe(2);
    expect(report.median([4, 1, 2, 3])).toBe(2.5);
    expect(report.median([])).toBeNull();
  });

  it('compares ours with the best other resolver, with Unbound and with the floor', () => {
    const { lines } = summaryOf([
      sample('ours', 6),
      sample('unbound', 8),
      sample('knot', 7.5),
      sample('floor', 5),
    ]);
    expect(lines[0]?.ratios).toEqual({ best: 6 / 7.5, unbound: 6 / 8, floor: 6 / 5 });
  });

  it('leaves a server that lost queries out of the ratios, and says so', () => {
    const summary = summaryOf([
      sample('ours', 6),
      sample('unbound', 8),
      sample('knot', 1, 0, 'lost queries'),
    ]);
    expect(summary.lines[0]?.ratios.best).toBe(6 / 8);
    expect(report.renderReport(summary)).toContain('- hit, Knot Resolver 1: lost queries');
  });

  it('reports a failed measurement as a remark without a figure', () => {
    const summary = summaryOf([
      { row: 'hit', peer: 'ours', round: 0, error: 'gave no answer' },
      sample('unbound', 8),
    ]);
    expect(summary.lines[0]?.cells.ours).toMatchObject({ median: null, remarks: ['gave no answer'] });
    expect(summary.lines[0]?.ratios.best).toBeNull();
  });

  it('gives ours no ratio when its own measurement is not to be trusted', () => {
    const { lines } = summaryOf([sample('ours', 1, 0, 'lost queries'), sample('unbound', 8)]);
    expect(lines[0]?.ratios).toEqual({ best: null, unbound: null, floor: null });
  });
});

describe('rows about hits', () => {
  it('are trusted only while the authoritative side is idle', () => {
    expect(hits.warnUnlessHits({ authorityUsPerQuery: 0.02 })).toBeUndefined();
    expect(hits.warnUnlessHits({ authorityUsPerQuery: 12 })).toContain('not all were hits');
  });
});

describe('the command line', () => {
  it('runs the standard rows when none is named', () => {
    const parsed = options.parseOptions([]);
    const ids = typeof parsed === 'string' ? [] : parsed.rows.map((row) => row.id);
    expect(ids).toEqual(['hit', 'miss', 'walk', 'signed', 'memory', 'startup']);
  });

  it.each([
    [['nothing'], 'unknown row "nothing"'],
    [['--peers', 'nobody'], 'unknown peer "nobody"'],
    [['--rounds', '0'], '--rounds needs'],
  ])('names what is wrong with %j', (argv, message) => {
    expect(options.parseOptions(argv)).toContain(message);
  });
});

describe('the eviction study', () => {
  /** First in, first out: the simplest policy that holds `capacity` entries. */
  class Fifo implements Policy {
    private readonly held = new Map<string, { expiresAtMs: number }>();
    constructor(private readonly capacity: number) {}
    get(key: string): { expiresAtMs: number } | undefined {
      return this.held.get(key);
    }
    set(key: string, value: { expiresAtMs: number }): boolean {
      this.held.set(key, value);
      for (const [oldest] of this.held) if (this.held.size > this.capacity) this.held.delete(oldest);
      return true;
    }
    delete(key: string): boolean {
      return this.held.delete(key);
    }
  }

  it('counts a hit only for what is held', () => {
    expect(replay.policyHits(['a', 'b', 'a', 'c', 'a'], new Fifo(2))).toBe(1);
    expect(replay.clairvoyantHits(['a', 'b', 'a', 'c', 'a'], 2)).toBe(2);
  });

  it('never lets a policy be better than the clairvoyant one', () => {
    const streams = fc.array(fc.constantFrom(...'abcdefgh'), { maxLength: 200 });
    fc.assert(
      fc.property(streams, fc.integer({ min: 1, max: 8 }), (keys, capacity) => {
        expect(replay.clairvoyantHits(keys, capacity)).toBeGreaterThanOrEqual(
          replay.policyHits(keys, new Fifo(capacity)),
        );
      }),
    );
  });

  it('hits on every repetition when all fits', () => {
    const keys = ['a', 'b', 'c', 'a', 'b', 'c'];
    expect(replay.clairvoyantHits(keys, 3)).toBe(3);
  });
});
