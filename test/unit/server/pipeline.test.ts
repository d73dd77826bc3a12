import { describe, expect, it } from 'vitest';
import { Rcode, RRType } from '../../../src/dns/registry.js';
import type { Exchange, Stage, Verdict } from '../../../src/server/exchange.js';
import { buildStages, Pipeline } from '../../../src/server/pipeline.js';
import { defaultServerSettings } from '../../../src/server/settings.js';
import { decoded, edeOf, edns, Harness, query, tcpClient } from '../../support/server-harness.js';

/** The real stages with one replaced. */
function withStage(h: Harness, name: string, run: (exchange: Exchange) => Verdict | Promise<Verdict>): void {
  const stages = buildStages(h.parts, defaultServerSettings).map(
    (stage): Stage => (stage.name === name ? { name, run } : stage),
  );
  h.pipeline = new Pipeline(h.parts, defaultServerSettings, stages);
}

const bug = () => {
  throw new Error('a bug');
};

it('the stages run in the order that the design says', () => {
  const h = new Harness();
  expect(h.pipeline.stages.map((stage) => stage.name)).toEqual([
    'parse',
    'access',
    'rate-limit',
    'cookie',
    'screen',
    'chaos',
    'policy',
    'special-use',
    'any',
    'stub-cache',
    'resolve',
    'answer-policy',
    'follow',
    'rebinding',
    'finish',
    'fit',
  ]);
});

describe('an exception', () => {
  it.each(buildStages(new Harness().parts, defaultServerSettings).map((stage) => stage.name))(
    'in %s becomes SERVFAIL, a log line and a count, and the next query is served',
    async (name) => {
      const h = new Harness();
      withStage(h, name, bug);
      const wire = await h.wire(query('www.example.', RRType.A, { edns: edns() }));
      const response = decoded(wire!);
      expect(response).toMatchObject({ id: 0x1234, rcode: Rcode.SERVFAIL, rd: true, answer: [] });
      if (name !== 'parse') expect(edeOf(response)).toEqual(['0 internal error']);
      expect(h.log.lines).toMatchObject([{ level: 'error', fields: { err: { message: 'a bug' } } }]);
      expect(h.faults.count).toBe(1);
      expect(h.recorder.records).toMatchObject([{ lookupClass: 'failure', rcode: Rcode.SERVFAIL }]);
      expect(h.inFlight.count).toBe(0);
      h.pipeline = new Pipeline(h.parts, defaultServerSettings);
      expect((await h.ask(query()))?.rcode).toBe(Rcode.NOERROR);
    },
  );

  it('of a resolver that rejects becomes SERVFAIL too', async () => {
    const h = new Harness(() => Promise.reject(new Error('a bug')));
    expect((await h.ask(query()))?.rcode).toBe(Rcode.SERVFAIL);
    expect(h.faults.count).toBe(1);
  });

  it('is not logged for each of a thousand packets', async () => {
    const h = new Harness(bug);
    for (let i = 0; i < 1000; i++) await h.ask(query());
    expect(h.log.lines).toHaveLength(1);
    await h.clock.advance(1000);
    await h.ask(query());
    expect(h.log.lines.map((line) => line.fields)).toMatchObject([{ exceptions: 1 }, { exceptions: 1001 }]);
  });

  it('before the header was read answers nothing to what is no query', async () => {
    const h = new Harness();
    withStage(h, 'parse', bug);
    expect(await h.wire(Buffer.from('1234'))).toBeUndefined();
    expect(await h.wire(Buffer.from('123481800000000000000000', 'hex'))).toBeUndefined();
    expect(h.recorder.drops).toEqual(['unsendable', 'unsendable']);
  });

  it('of the recorder or the query log does not reach the listener', async () => {
    const h = new Harness();
    h.pipeline = new Pipeline({ ...h.parts, logQuery: bug }, defaultServerSettings);
    expect((await h.ask(query()))?.rcode).toBe(Rcode.NOERROR);
    expect(h.log.lines).toHaveLength(1);
  });

  it('after the packet was overwritten still answers the right client', async () => {
    const h = new Harness(() => Promise.reject(new Error('a bug')));
    const packet = Buffer.from(
      'abcd01000001000000000000 03777777 076578616d706c65 00 0001 0001'.replaceAll(' ', ''),
      'hex',
    );
    let wire: Buffer | undefined;
    h.pipeline.handle(packet, tcpClient, (w) => {
      wire = w;
    });
    packet.fill(0xff);
    await h.clock.advance(0);
    expect(decoded(wire!)).toMatchObject({ id: 0xabcd, rcode: Rcode.SERVFAIL });
  });
});

describe('records', () => {
  it('are one per answered query, in the class of what answered it', async () => {
    const logged: string[] = [];
    const h = new Harness();
    h.pipeline = new Pipeline(
      { ...h.parts, logQuery: (q) => logged.push(q.lookupClass) },
      defaultServerSettings,
    );
    await h.ask(query());
    await h.ask(query('localhost.'));
    await h.ask(query('www.example.', RRType.AXFR), tcpClient);
    await h.ask(Buffer.from('123401000000000000000000', 'hex'));
    await h.ask(Buffer.from('12'));
    expect(h.recorder.records.map((r) => [r.lookupClass, r.rcode, r.qtype, r.transport])).toEqual([
      ['resolver', Rcode.NOERROR, RRType.A, 'udp'],
      ['local', Rcode.NOERROR, RRType.A, 'udp'],
      ['refused', Rcode.REFUSED, RRType.AXFR, 'tcp'],
      ['refused', Rcode.FORMERR, 0, 'udp'],
    ]);
    expect(logged).toEqual(['resolver', 'local', 'refused', 'refused']);
    expect(h.recorder.drops).toEqual(['too-short']);
  });

  it('tell how long it took and why caches missed', async () => {
    const h: Harness = new Harness(async () => {
      await new Promise<void>((resolve) => h.clock.after(250, resolve));
      const failure = { kind: 'failure', reason: 'timeout', ede: [] } as const;
      return {
        outcome: failure,
        lookupClass: 'walked',
        missReason: 'expired',
        budget: undefined,
        keepUntilMs: undefined,
      };
    });
    const done = h.wire(query());
    await h.clock.advance(250);
    await done;
    expect(h.recorder.records).toMatchObject([{ tookMs: 250, lookupClass: 'walked', missReason: 'expired' }]);
  });
});
