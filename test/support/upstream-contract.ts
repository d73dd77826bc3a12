/**
 * What every `Upstream` must do, whatever network is behind it.
 *
 * The network is a script: octets of a query in, packets out. Time is virtual; `turns` lets what was sent
 * arrive. Implementations that cannot send arbitrary octets may leave out the cases for them.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Name, ROOT, toName } from '../../src/dns/name.js';
import { RRClass, RRType } from '../../src/dns/registry.js';
import type { VirtualClock } from '../../src/runtime/clock.js';
import type { UpstreamFault, UpstreamTransport } from '../../src/runtime/trace.js';
import type {
  ServerEndpoint,
  Upstream,
  UpstreamQuery,
  UpstreamResult,
} from '../../src/transport/upstream.js';
import type { Script } from './scripted-server.js';

export interface UpstreamHarness {
  readonly upstream: Upstream;
  readonly clock: VirtualClock;
  serve(script: Script): Promise<ServerEndpoint>;
  /** Ends the upstream and its servers. */
  close(): Promise<void>;
}

export const exampleName: Name = toName('\x03www\x07example\x04test\x00');

export function queryTo(endpoint: ServerEndpoint, overrides: Partial<UpstreamQuery> = {}): UpstreamQuery {
  return {
    endpoint,
    transport: 'udp',
    question: { name: exampleName, type: RRType.A, class: RRClass.IN },
    rd: false,
    cd: false,
    edns: { udpSize: 1232, do: true },
    randomCase: true,
    timeoutMs: 1000,
    ...overrides,
  };
}

/** End of the question of a query made by `queryTo`. */
function questionEnd(query: Buffer): number {
  let at = 12;
  while (query[at] !== 0) at += 1 + query[at]!;
  return at + 5;
}

/** A NOERROR response with one A record whose last octet is `mark`. */
export function answerTo(query: Buffer, mark = 1): Buffer {
  const head = Buffer.from(query.subarray(0, questionEnd(query)));
  head.writeUInt16BE(0x8400, 2);
  head.fill(0, 6, 12);
  head[7] = 1;
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, mark]);
  return Buffer.concat([head, record]);
}

/** The response with something changed. */
export function altered(packet: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(packet);
  change(copy);
  return copy;
}

/** `kind:mark` of an answer, or `fault:reason`. */
export function summary(result: UpstreamResult): string {
  if (result.kind === 'fault') return `fault:${result.fault}`;
  const rdata = result.message.answer[0]?.rdatas[0];
  return rdata === undefined ? 'response' : `answer:${rdata.charCodeAt(3)}`;
}

/** Lets the event loop turn until packets on loopback have arrived. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Forgeries and garbage. None may end an exchange, nor be taken for its response. */
export const droppedPackets: ReadonlyArray<readonly [string, (query: Buffer) => Buffer]> = [
  ['an empty packet', () => Buffer.alloc(0)],
  ['half a header', (query) => answerTo(query, 66).subarray(0, 7)],
  ['the query itself (QR is 0)', (query) => query],
  ['another opcode', (query) => altered(answerTo(query, 66), (p) => (p[2]! |= 0x28))],
  ['another name', (query) => altered(answerTo(query, 66), (p) => (p[14] = 'x'.charCodeAt(0)))],
  ['another type', (query) => altered(answerTo(query, 66), (p) => (p[questionEnd(query) - 3] = 28))],
  ['another class', (query) => altered(answerTo(query, 66), (p) => (p[questionEnd(query) - 1] = 3))],
  ['two questions', (query) => altered(answerTo(query, 66), (p) => (p[5] = 2))],
  ['no question though NOERROR', (query) => altered(answerTo(query, 66), (p) => (p[5] = 0)).subarray(0, 12)],
  ['a record that is cut short', (query) => answerTo(query, 66).subarray(0, -2)],
  ['a record count that lies', (query) => altered(answerTo(query, 66), (p) => (p[7] = 9))],
  ['octets after the message', (query) => Buffer.concat([answerTo(query, 66), Buffer.from([1])])],
];

export function upstreamContract(
  title: string,
  transports: readonly UpstreamTransport[],
  make: () => Promise<UpstreamHarness>,
): void {
  describe.each(transports)(`${title} by %s keeps the upstream contract`, (transport) => {
    let harness: UpstreamHarness;
    beforeEach(async () => {
      harness = await make();
    });
    afterEach(() => harness.close());

    const ask = (endpoint: ServerEndpoint, overrides: Partial<UpstreamQuery> = {}) =>
      harness.upstream.exchange(queryTo(endpoint, { transport, ...overrides }));

    it('gives the response with its size and that the letter case came back', async () => {
      const endpoint = await harness.serve((query) => [answerTo(query, 7)]);
      const result = await ask(endpoint);
      expect(summary(result)).toBe('answer:7');
      expect(result).toMatchObject({ kind: 'response', caseMatched: true, sizeOctets: 34 + 16 });
      expect(result.kind === 'response' && result.rttMs).toBeGreaterThanOrEqual(0);
    });

    it('asks for the root as for any name', async () => {
      const endpoint = await harness.serve((query) => [answerTo(query, 8)]);
      const question = { name: ROOT, type: RRType.NS, class: RRClass.IN };
      expect(summary(await ask(endpoint, { question }))).toBe('answer:8');
    });

    it('sends RD, CD and EDNS as told', async () => {
      const seen: Buffer[] = [];
      const endpoint = await harness.serve((query) => {
        seen.push(query);
        return [answerTo(query)];
      });
      await ask(endpoint, { rd: true, cd: true, edns: undefined });
      await ask(endpoint, { rd: false, cd: false, edns: { udpSize: 1400, do: true } });
      expect(seen[0]?.readUInt16BE(2)).toBe(0x0110);
      expect(seen[0]?.readUInt16BE(10)).toBe(0);
      expect(seen[1]?.readUInt16BE(2)).toBe(0);
      expect(seen[1]?.subarray(-11).toString('hex')).toBe('0000290578000080000000');
    });

    it('reports a timeout when the clock reaches the deadline, and not before', async () => {
      const endpoint = await harness.serve(() => []);
      let ended = false;
      const waiting = ask(endpoint, { timeoutMs: 800 }).then((result) => {
        ended = true;
        return result;
      });
      await turns();
      await harness.clock.advance(799);
      expect(ended).toBe(false);
      await harness.clock.advance(1);
      expect(await waiting).toEqual({ kind: 'fault', fault: 'timeout', afterMs: 800 });
    });

    it.each(droppedPackets)('drops %s and takes the response after it', async (_what, forge) => {
      const endpoint = await harness.serve((query) => [forge(query), forge(query), answerTo(query, 9)]);
      expect(summary(await ask(endpoint))).toBe('answer:9');
    });

    it('takes an error response without question', async () => {
      for (const rcode of [1, 2, 4, 5]) {
        const endpoint = await harness.serve((query) => [
          altered(query.subarray(0, 12), (p) => {
            p.fill(0, 2);
            p[2] = 0x80;
            p[3] = rcode;
          }),
        ]);
        const result = await ask(endpoint);
        expect(result.kind === 'response' && result.message.rcode).toBe(rcode);
      }
    });

    it('reports a QNAME that came back in other letter case', async () => {
      const endpoint = await harness.serve((query) => [
        altered(answerTo(query), (p) => {
          for (let i = 13; i < 16; i++) p[i]! ^= 0x20;
        }),
      ]);
      expect(await ask(endpoint)).toMatchObject({ kind: 'response', caseMatched: false });
      expect(await ask(endpoint, { randomCase: false })).toMatchObject({ caseMatched: true });
    });

    it('says malformed at the deadline when nothing better came', async () => {
      const endpoint = await harness.serve((query) => [answerTo(query).subarray(0, -2)]);
      const waiting = ask(endpoint);
      await turns();
      await harness.clock.advance(1000);
      expect(await waiting).toEqual({ kind: 'fault', fault: 'malformed', afterMs: 1000 });
    });

    it('serves many exchanges at once, each with its own response', async () => {
      const endpoint = await harness.serve((query) => [answerTo(query, query[13]! & 0x1f)]);
      const names = Array.from('abcdefghijklmnopqrstuvwxyz', (letter) => toName(`\x01${letter}\x04test\x00`));
      const results = await Promise.all(
        names.map((name) => ask(endpoint, { question: { name, type: RRType.A, class: RRClass.IN } })),
      );
      expect(results.map(summary)).toEqual(names.map((_, i) => `answer:${i + 1}`));
    });

    it('ends what is under way as connection-closed when it is closed, and takes nothing after', async () => {
      const endpoint = await harness.serve(() => []);
      const waiting = ask(endpoint);
      await turns();
      await harness.upstream.close();
      const closed: UpstreamFault = 'connection-closed';
      expect(await waiting).toMatchObject({ kind: 'fault', fault: closed });
      expect(await ask(endpoint)).toMatchObject({ kind: 'fault', fault: closed });
    });
  });
}
