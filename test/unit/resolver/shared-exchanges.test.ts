import { describe, expect, it } from 'vitest';
import { parseName } from '../../../src/dns/name.js';
import {
  MAX_PER_ZONE,
  MAX_WAITING_PER_SERVER,
  MAX_WAITING_PER_ZONE,
  SharedExchanges,
} from '../../../src/resolver/shared-exchanges.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import type { UpstreamQuery, UpstreamResult } from '../../../src/transport/upstream.js';
import { asking } from '../../support/responses.js';

const zone = parseName('a.test.');
const query = (name: string, more: Partial<UpstreamQuery> = {}): UpstreamQuery => ({
  endpoint: { address: '192.0.2.1', port: 53 },
  transport: 'udp',
  question: asking(name),
  rd: false,
  cd: false,
  edns: undefined,
  randomCase: true,
  timeoutMs: 400,
  ...more,
});
const timeout: UpstreamResult = { kind: 'fault', fault: 'timeout', afterMs: 400 };

function setUp() {
  const clock = new VirtualClock();
  const waiting: { resolve: (result: UpstreamResult) => void; reject: (error: Error) => void }[] = [];
  const upstream = {
    exchange: () => new Promise<UpstreamResult>((resolve, reject) => void waiting.push({ resolve, reject })),
    close: async () => {},
  };
  return { clock, waiting, exchanges: new SharedExchanges(upstream, clock) };
}

describe('SharedExchanges', () => {
  it('sends equal questions once and gives all the one result', async () => {
    const { exchanges, waiting } = setUp();
    const all = [1, 2, 3].map(() => exchanges.exchange(query('www.a.test.'), zone, true));
    expect(waiting).toHaveLength(1);
    waiting[0]!.resolve(timeout);
    expect(await Promise.all(all)).toEqual([timeout, timeout, timeout]);
    expect(exchanges.pending).toBe(0);
    void exchanges.exchange(query('www.a.test.'), zone, true);
    expect(waiting).toHaveLength(2);
  });

  it.each<[string, Partial<UpstreamQuery>]>([
    ['server', { endpoint: { address: '192.0.2.2', port: 53 } }],
    ['port', { endpoint: { address: '192.0.2.1', port: 54 } }],
    ['transport', { transport: 'tcp' }],
    ['name', { question: asking('x.a.test.') }],
    ['type', { question: asking('www.a.test. AAAA') }],
    ['RD', { rd: true }],
    ['CD', { cd: true }],
    ['EDNS', { edns: { udpSize: 1232, do: false } }],
    ['DO', { edns: { udpSize: 1232, do: true } }],
    ['case', { randomCase: false }],
  ])('another %s is another question', (_what, more) => {
    const { exchanges, waiting } = setUp();
    void exchanges.exchange(query('www.a.test.'), zone, true);
    void exchanges.exchange(query('www.a.test.', more), zone, true);
    expect(waiting).toHaveLength(2);
  });

  it('who has less time left asks by itself', async () => {
    const { clock, exchanges, waiting } = setUp();
    void exchanges.exchange(query('www.a.test.'), zone, true);
    await clock.advance(100);
    void exchanges.exchange(query('www.a.test.', { timeoutMs: 100 }), zone, true);
    expect(waiting).toHaveLength(2);
  });

  it('a bug below reaches all who wait, and leaves nothing behind', async () => {
    const { exchanges, waiting } = setUp();
    const all = [1, 2].map(() => exchanges.exchange(query('www.a.test.'), zone, true));
    const settled = Promise.allSettled(all);
    waiting[0]!.reject(new Error('bug'));
    expect((await settled).map((r) => r.status)).toEqual(['rejected', 'rejected']);
    expect(exchanges.pending).toBe(0);
  });

  it('bounds what waits for a server of which nothing good is known, and for its zone', async () => {
    const { exchanges, waiting } = setUp();
    for (let i = 0; i < MAX_WAITING_PER_SERVER; i++)
      void exchanges.exchange(query(`n${i}.a.test.`), zone, false);
    expect(await exchanges.exchange(query('x.a.test.'), zone, false)).toEqual({
      kind: 'busy',
      what: 'server',
    });
    const other = { endpoint: { address: '192.0.2.2', port: 53 } };
    for (let i = MAX_WAITING_PER_SERVER; i < MAX_WAITING_PER_ZONE; i++) {
      void exchanges.exchange(query(`n${i}.a.test.`, other), zone, false);
    }
    const third = { endpoint: { address: '192.0.2.3', port: 53 } };
    expect(await exchanges.exchange(query('x.a.test.', third), zone, false)).toEqual({
      kind: 'busy',
      what: 'zone',
    });
    expect(waiting).toHaveLength(MAX_WAITING_PER_ZONE);
    void exchanges.exchange(query('x.b.test.', third), parseName('b.test.'), false);
    expect(waiting).toHaveLength(MAX_WAITING_PER_ZONE + 1);
  });

  it('makes room when exchanges end', async () => {
    const { exchanges, waiting } = setUp();
    const first = exchanges.exchange(query('first.a.test.'), zone, false);
    for (let i = 1; i < MAX_WAITING_PER_SERVER; i++)
      void exchanges.exchange(query(`n${i}.a.test.`), zone, false);
    waiting[0]!.resolve(timeout);
    await first;
    const sent = waiting.length;
    void exchanges.exchange(query('next.a.test.'), zone, false);
    expect(waiting).toHaveLength(sent + 1);
  });

  it('bounds healthy servers and TLDs far higher', async () => {
    const { exchanges, waiting } = setUp();
    for (let i = 0; i < MAX_PER_ZONE; i++)
      void exchanges.exchange(query(`n${i}.test.`), parseName('test.'), false);
    expect(waiting).toHaveLength(MAX_PER_ZONE);
    expect(await exchanges.exchange(query('x.test.'), parseName('test.'), true)).toMatchObject({
      kind: 'busy',
    });
  });
});
