/** Exchanges that were recorded, met again by queries that differ from those of then. */
import { describe, expect, it } from 'vitest';
import { parseName } from '../../../src/dns/name.js';
import { RRClass, RRType } from '../../../src/dns/registry.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import { seededRandom } from '../../../src/runtime/random.js';
import { ExchangeRecorder, type RecordedExchange } from '../../../src/transport/exchange-recorder.js';
import { prepareQuery } from '../../../src/transport/outgoing-query.js';
import { ReplayUpstream } from '../../../src/transport/replay-upstream.js';
import type { Upstream, UpstreamQuery, UpstreamResult } from '../../../src/transport/upstream.js';
import { altered, answerTo, queryTo, summary } from '../../support/upstream-contract.js';

const server = (octet: number) => ({ address: `192.0.2.${octet}`, port: 53 });
const zone = parseName('example.test');
const to = (octet: number, overrides: Partial<UpstreamQuery> = {}) =>
  queryTo(server(octet), { zone, ...overrides });

/** An exchange as it would be recorded. */
function recorded(
  query: UpstreamQuery,
  answer: ((wire: Buffer) => Buffer) | RecordedExchange['fault'],
  times = { sentMs: 0, tookMs: 10 },
): RecordedExchange {
  const { wire } = prepareQuery(query, 4711, seededRandom(9));
  const responds = typeof answer === 'function';
  return {
    endpoint: query.endpoint,
    transport: query.transport,
    question: query.question,
    zone,
    query: wire,
    response: responds ? answer(wire) : undefined,
    fault: responds ? undefined : answer,
    ...times,
  };
}

async function ask(clock: VirtualClock, upstream: Upstream, query: UpstreamQuery): Promise<string> {
  return summary(await clock.runUntil(upstream.exchange(query)));
}

function replaying(...exchanges: RecordedExchange[]) {
  const clock = new VirtualClock();
  return { clock, upstream: new ReplayUpstream(exchanges, clock) };
}

describe('a replay', () => {
  it('gives the response of then, in the time that it took', async () => {
    const { clock, upstream } = replaying(recorded(to(1), (wire) => answerTo(wire, 7)));
    const result = (await clock.runUntil(upstream.exchange(to(1)))) as Extract<
      UpstreamResult,
      { kind: 'response' }
    >;
    expect(summary(result)).toBe('answer:7');
    expect(result).toMatchObject({ rttMs: 10, caseMatched: true });
    expect(clock.monotonicMs()).toBe(10);
    expect(upstream.departures).toEqual([]);
  });

  it('ends nothing before it ended in the recording', async () => {
    const late = recorded(to(1), answerTo, { sentMs: 50, tookMs: 10 });
    const { clock, upstream } = replaying(late);
    await ask(clock, upstream, to(1));
    expect(clock.monotonicMs()).toBe(60);
  });

  it('takes equal queries to one server in their order, and the last again when there are no more', async () => {
    const { clock, upstream } = replaying(
      recorded(to(1), 'timeout'),
      recorded(to(1), (wire) => answerTo(wire, 2)),
    );
    const said = [];
    for (let i = 0; i < 3; i++) said.push(await ask(clock, upstream, to(1)));
    expect(said).toEqual(['fault:timeout', 'answer:2', 'answer:2']);
  });

  it('tells queries with EDNS from those without', async () => {
    const plain = { edns: undefined };
    const { clock, upstream } = replaying(
      recorded(to(1), (wire) => answerTo(wire, 1)),
      recorded(to(1, plain), (wire) => answerTo(wire, 2)),
    );
    expect(await ask(clock, upstream, to(1, plain))).toBe('answer:2');
    expect(await ask(clock, upstream, to(1))).toBe('answer:1');
  });

  it('has another server of the zone stand in, by what it answered and not by its silence', async () => {
    const { clock, upstream } = replaying(
      recorded(to(2), 'timeout'),
      recorded(to(3), (wire) => answerTo(wire, 3)),
    );
    expect(await ask(clock, upstream, to(1))).toBe('answer:3');
    expect(upstream.departures).toMatchObject([{ endpoint: server(1), standIn: server(3) }]);
    expect(await ask(clock, upstream, to(1, { zone: parseName('test') }))).toBe('fault:not-recorded');
  });

  it.each([
    ['another type', { question: { name: zone, type: RRType.MX, class: RRClass.IN } }],
    ['another transport', { transport: 'tcp' }],
  ] as const)('knows nothing of %s', async (_what, overrides) => {
    const { clock, upstream } = replaying(recorded(to(1), answerTo));
    expect(await ask(clock, upstream, to(1, overrides))).toBe('fault:not-recorded');
    expect(clock.monotonicMs()).toBe(0);
    expect(upstream.departures).toMatchObject([{ endpoint: server(1), standIn: undefined }]);
  });

  it('judges what came by the rules of now', async () => {
    const wrongId = (wire: Buffer) => altered(answerTo(wire), (copy) => copy.writeUInt16BE(1, 0));
    const broken = (wire: Buffer) => answerTo(wire).subarray(0, 40);
    const { clock, upstream } = replaying(
      recorded(to(1), wrongId),
      { ...recorded(to(2), broken), fault: 'timeout' },
      recorded(to(3), 'connection-refused'),
    );
    expect(await ask(clock, upstream, to(1))).toBe('fault:near-miss');
    expect(await ask(clock, upstream, to(2))).toBe('fault:timeout');
    expect(await ask(clock, upstream, to(3))).toBe('fault:connection-refused');
  });

  it('prefers servers in the order in which they were asked for what is sought', () => {
    const other = { name: zone, type: RRType.DNSKEY, class: RRClass.IN };
    const { upstream } = replaying(
      recorded(to(3, { question: other }), answerTo),
      recorded(to(2), 'timeout'),
      recorded(to(1), answerTo),
    );
    const all = [1, 2, 3].map((octet) => server(octet).address);
    const sought = to(1).question;
    expect(upstream.preferred(zone, all, sought)).toBe('192.0.2.2');
    void upstream.exchange(to(2));
    expect(upstream.preferred(zone, all, sought)).toBe('192.0.2.1');
    void upstream.exchange(to(1));
    expect(upstream.preferred(zone, all, sought)).toBe('192.0.2.1');
    expect(upstream.preferred(zone, all, other)).toBe('192.0.2.3');
    expect(upstream.preferred(parseName('test'), all, sought)).toBeUndefined();
  });

  it('ends what is under way when it is closed', async () => {
    const { upstream } = replaying(recorded(to(1), answerTo));
    const asked = upstream.exchange(to(1));
    await upstream.close();
    expect(summary(await asked)).toBe('fault:connection-closed');
    expect(summary(await upstream.exchange(to(1)))).toBe('fault:connection-closed');
  });
});

describe('a recorder', () => {
  const result = (tookMs: number): UpstreamResult => ({ kind: 'fault', fault: 'timeout', afterMs: tookMs });

  it('keeps packets, times and ends of each exchange, and that one was not waited for', async () => {
    const clock = new VirtualClock();
    const recorder = new ExchangeRecorder(clock);
    await clock.advance(5);
    const upstream = recorder.over({
      exchange: (query) => {
        const { wire } = prepareQuery(query, 1, seededRandom(1));
        recorder.sent(query, wire);
        if (query.endpoint.address.endsWith('3')) return new Promise(() => {});
        return new Promise((resolve) => {
          clock.after(20, () => {
            recorder.received(query, Buffer.from('stray'));
            resolve(result(20));
          });
        });
      },
      close: async () => {},
    });
    void upstream.exchange(to(3));
    await clock.runUntil(upstream.exchange(to(1)));
    const [open, ended] = recorder.exchanges(5);
    expect(open).toMatchObject({ fault: 'unfinished', endpoint: server(3), sentMs: 0, tookMs: 20, zone });
    expect(ended).toMatchObject({ fault: 'timeout', endpoint: server(1), sentMs: 0, tookMs: 20 });
    expect(ended!.query).toBeInstanceOf(Buffer);
    expect(String(ended!.response)).toBe('stray');
  });

  it('has exchanges end together that ended in one go, and so does the replay', async () => {
    const clock = new VirtualClock();
    const recorder = new ExchangeRecorder(clock);
    const open: (() => void)[] = [];
    const upstream = recorder.over({
      exchange: () => new Promise((resolve) => open.push(() => resolve(result(4)))),
      close: async () => {},
    });
    const all = Promise.all([1, 2].map((octet) => upstream.exchange(to(octet))));
    await clock.advance(4);
    for (const end of open) end();
    await all;
    const recordings = recorder.exchanges(0);
    expect(recordings.map(({ sentMs, tookMs }) => [sentMs, tookMs])).toEqual([
      [0, 4],
      [0, 4],
    ]);
    const replay = new ReplayUpstream(recordings, clock);
    const ended: string[] = [];
    const note = (octet: number) => () => {
      ended.push(`${octet}`);
      setImmediate(() => ended.push('later'));
    };
    const again = [1, 2].map((octet) => replay.exchange(to(octet)).then(note(octet)));
    await clock.runUntil(Promise.all(again));
    expect(ended.slice(0, 2)).toEqual(['1', '2']);
  });

  it('has others end apart, in their order', async () => {
    const clock = new VirtualClock();
    const recorder = new ExchangeRecorder(clock);
    const waits = [3, 1, 3];
    const upstream = recorder.over({
      exchange: () =>
        new Promise((resolve) => {
          const tookMs = waits.shift()!;
          clock.after(tookMs, () => resolve(result(tookMs)));
        }),
      close: async () => {},
    });
    await clock.runUntil(Promise.all([1, 2, 3].map((octet) => upstream.exchange(to(octet)))));
    const ends = recorder.exchanges(0).map(({ sentMs, tookMs }) => sentMs + tookMs);
    expect(ends[1]).toBe(1);
    expect(ends[2]! - ends[0]!).toBeCloseTo(0.001, 6);
  });
});
