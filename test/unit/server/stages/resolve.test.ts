import { describe, expect, it } from 'vitest';
import { parseName } from '../../../../src/dns/name.js';
import { Rcode, RRClass, RRType } from '../../../../src/dns/registry.js';
import type { Resolution } from '../../../../src/resolver/contract.js';
import { encodeMessage } from '../../../../src/wire/encode.js';
import {
  answerOf,
  aRecord,
  client,
  decoded,
  edeOf,
  edns,
  Harness,
  query,
  resolutionOf,
  tcpClient,
} from '../../../support/server-harness.js';

const found = () => resolutionOf(answerOf([aRecord('www.example.')]));

/** A resolver whose answers wait until they are released. */
function gated() {
  const waiting: ((r: Resolution) => void)[] = [];
  const answering = () => new Promise<Resolution>((resolve) => waiting.push(resolve));
  return { answering, waiting };
}

it('the resolver gets the question in lower case, and the CD bit', async () => {
  const h = new Harness((_, options) =>
    resolutionOf(answerOf([aRecord(options.cd ? 'cd.test.' : 'no.test.')])),
  );
  const response = await h.ask(query('WWW.Example.', RRType.A, { cd: true }));
  expect(h.resolver.asked).toEqual([{ name: parseName('www.example.'), type: RRType.A, class: RRClass.IN }]);
  expect(response?.answer[0]?.name).toBe(parseName('cd.test.'));
});

describe('places in flight', () => {
  const packet = encodeMessage(query('www.example.', RRType.A, { edns: edns() }));
  const ask = (h: Harness, address: string) => {
    const seen: Buffer[] = [];
    h.pipeline.handle(packet, client(address, 'udp'), (wire) => seen.push(wire));
    return seen;
  };

  it('one client may hold so many, and the next query gets SERVFAIL at once', () => {
    const { answering } = gated();
    const h = new Harness(answering, { inFlight: { perClient: 3, total: 100 } });
    const waiting = [1, 2, 3].map(() => ask(h, '192.0.2.10'));
    const refused = ask(h, '192.0.2.10');
    expect(waiting.map((s) => s.length)).toEqual([0, 0, 0]);
    expect(decoded(refused[0]!).rcode).toBe(Rcode.SERVFAIL);
    expect(edeOf(decoded(refused[0]!))).toEqual(['0 too many queries of this client are being resolved']);
    expect(ask(h, '192.0.2.11')).toEqual([]);
    expect(h.recorder.records).toMatchObject([{ lookupClass: 'refused', rcode: Rcode.SERVFAIL }]);
  });

  it('all clients together may hold so many', () => {
    const { answering } = gated();
    const h = new Harness(answering, { inFlight: { perClient: 3, total: 4 } });
    for (let i = 0; i < 4; i++) expect(ask(h, `192.0.2.${i}`)).toEqual([]);
    expect(edeOf(decoded(ask(h, '192.0.2.9')[0]!))).toEqual(['0 too many queries are being resolved']);
  });

  it('a place is free again when its answer came, and when its resolution threw', async () => {
    const h = new Harness(
      (question) => {
        if (question.type === RRType.MX) throw new Error('bug');
        return found();
      },
      { inFlight: { perClient: 1, total: 1 } },
    );
    await h.ask(query());
    expect((await h.ask(query('www.example.', RRType.MX)))?.rcode).toBe(Rcode.SERVFAIL);
    expect((await h.ask(query()))?.rcode).toBe(Rcode.NOERROR);
    expect(h.inFlight.count).toBe(0);
  });
});

describe('a flood of questions for what is slow (CVE-2026-42534)', () => {
  it('does not keep out who asks for what is fast: who waited longest gets SERVFAIL', async () => {
    const gate = gated();
    const h = new Harness((question) => (question.name.includes('slow') ? gate.answering() : found()), {
      inFlight: { perClient: 50, total: 100 },
    });
    const ask = (name: string, from: string) => {
      const seen: Buffer[] = [];
      const packet = encodeMessage(query(name, RRType.A, { edns: edns() }));
      h.pipeline.handle(packet, client(from, 'udp'), (wire) => seen.push(wire));
      return seen;
    };
    const flood = Array.from({ length: 100 }, (_, i) => ask(`n${i}.slow.example.`, `203.0.113.${i}`));
    await h.clock.advance(1500);
    for (let i = 0; i < 20; i++) {
      const seen = ask(`fast${i}.example.`, '192.0.2.10');
      await h.clock.advance(0);
      expect(decoded(seen[0]!)).toMatchObject({ rcode: Rcode.NOERROR, answer: [{}] });
    }
    // One place sufficed for twenty, one after the other.
    expect(flood.filter((seen) => seen.length > 0)).toHaveLength(1);
    expect(edeOf(decoded(flood[0]![0]!))).toEqual([
      '0 too many queries are being resolved, and this one waited longest',
    ]);
    for (const settle of gate.waiting) settle(found());
    await h.clock.advance(0);
    expect(h.inFlight.count).toBe(0);
    expect(flood.every((seen) => seen.length === 1)).toBe(true);
  });
});

describe('answers that take long', () => {
  it('are not sent by UDP once nobody can be waiting', async () => {
    const gate = gated();
    const h = new Harness(gate.answering, { udpAnswerWithinMs: 5000 });
    const seen: Buffer[] = [];
    h.pipeline.handle(encodeMessage(query()), client('192.0.2.10', 'udp'), (wire) => seen.push(wire));
    await h.clock.advance(5001);
    gate.waiting[0]!(found());
    await h.clock.advance(0);
    expect(seen).toEqual([]);
    expect(h.recorder.drops).toEqual(['too-late']);
    expect(h.inFlight.count).toBe(0);
  });

  it('are sent by TCP all the same', async () => {
    const gate = gated();
    const h = new Harness(gate.answering, { udpAnswerWithinMs: 5000 });
    const seen: Buffer[] = [];
    h.pipeline.handle(encodeMessage(query()), tcpClient, (wire) => seen.push(wire));
    await h.clock.advance(5001);
    gate.waiting[0]!(found());
    await h.clock.advance(0);
    expect(decoded(seen[0]!).answer).toHaveLength(1);
  });

  it('end as SERVFAIL when the resolver never settles, and free their place', async () => {
    const gate = gated();
    const h = new Harness(gate.answering, { resolveWithinMs: 9000 });
    const seen: Buffer[] = [];
    h.pipeline.handle(encodeMessage(query('www.example.', RRType.A, { edns: edns() })), tcpClient, (w) =>
      seen.push(w),
    );
    await h.clock.advance(8999);
    expect(seen).toEqual([]);
    await h.clock.advance(1);
    expect(decoded(seen[0]!).rcode).toBe(Rcode.SERVFAIL);
    expect(edeOf(decoded(seen[0]!))).toEqual(['0 the resolution did not end in time']);
    expect(h.inFlight.count).toBe(0);
    gate.waiting[0]!(found());
    await h.clock.advance(0);
    expect(seen).toHaveLength(1);
  });

  it('leave no timer behind when they come in time', async () => {
    const h = new Harness(found);
    await h.ask(query());
    expect(h.clock.pending).toBe(false);
  });
});
