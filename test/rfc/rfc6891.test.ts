/** RFC 6891, EDNS(0), as a responder. */
import { describe, expect, it } from 'vitest';
import { Rcode, RRType } from '../../src/dns/registry.js';
import { encodeMessage } from '../../src/wire/encode.js';
import { answerOf, decoded, edns, Harness, query, resolutionOf, rrset } from '../support/server-harness.js';

const OPT_ALONE = '0000290200000000000000';

function withEdns(more: Parameters<typeof edns>[0] = {}) {
  return query('www.example.', RRType.A, { edns: edns(more) });
}

describe('RFC 6891', () => {
  it('6.1.1: a response to a query with OPT has an OPT, whatever its RCODE', async () => {
    const h = new Harness(({ type }) => {
      if (type === RRType.MX) throw new Error('a bug');
      return resolutionOf({ kind: 'failure', reason: 'timeout', ede: [] });
    });
    const types = [RRType.A, RRType.MX, RRType.AXFR, RRType.ANY, RRType.TSIG];
    for (const type of types) {
      expect((await h.ask(query('www.example.', type, { edns: edns() })))?.edns).toBeDefined();
    }
    expect((await h.ask(query('www.example.', RRType.A, { edns: edns(), opcode: 4 })))?.edns).toBeDefined();
    expect((await h.ask(query('localhost.', RRType.A, { edns: edns() })))?.edns).toBeDefined();
  });

  it('6.1.1: a query with two OPT records is FORMERR', async () => {
    const wire = encodeMessage(query());
    wire.writeUInt16BE(2, 10);
    const twice = Buffer.concat([wire, Buffer.from(OPT_ALONE + OPT_ALONE, 'hex')]);
    expect((await new Harness().ask(twice))?.rcode).toBe(Rcode.FORMERR);
  });

  it('6.1.1: OPT may stand anywhere in the additional section', async () => {
    const wire = encodeMessage(query('www.example.', RRType.A));
    wire.writeUInt16BE(2, 10);
    const address = `000001000100000000 0004c0000201`.replaceAll(' ', '');
    const inFront = Buffer.concat([wire, Buffer.from(OPT_ALONE + address, 'hex')]);
    expect((await new Harness().ask(inFront))?.edns?.version).toBe(0);
  });

  it('6.1.1: an OPT whose owner is not the root is FORMERR', async () => {
    const wire = encodeMessage(query());
    wire.writeUInt16BE(1, 10);
    const named = Buffer.concat([wire, Buffer.from(`0161${OPT_ALONE}`, 'hex')]);
    expect((await new Harness().ask(named))?.rcode).toBe(Rcode.FORMERR);
  });

  it('6.1.2: options that are not known are ignored', async () => {
    const options = [0, 1, 2, 4, 26, 65_001, 65_535].map((code) => ({ code, data: 'x'.repeat(code % 7) }));
    const response = await new Harness().ask(withEdns({ options }));
    expect(response).toMatchObject({ rcode: Rcode.NOERROR, edns: { options: [] } });
  });

  it('6.1.3: a version above ours is BADVERS, with the highest version that we know', async () => {
    const response = await new Harness().ask(withEdns({ version: 1 }));
    expect(response).toMatchObject({ rcode: Rcode.BADVERS, edns: { version: 0 }, answer: [] });
  });

  it('6.1.4: flags that are not known are ignored and not sent back', async () => {
    const wire = encodeMessage(withEdns({ do: true }));
    wire.writeUInt16BE(0xffff, wire.length - 4);
    const response = await new Harness().wire(wire);
    expect(response?.readUInt16BE(response.length - 4)).toBe(0x8000);
    expect(decoded(response!).edns?.do).toBe(true);
  });

  it('6.2.3: a payload size under 512 counts as 512', async () => {
    const txt = rrset(
      'www.example.',
      RRType.TXT,
      Array.from({ length: 4 }, (_, i) => `\x57${String(i).padStart(87)}`),
    );
    const h = new Harness(() => resolutionOf(answerOf([txt])));
    for (const udpSize of [0, 1, 511]) {
      const wire = await h.wire(query('www.example.', RRType.TXT, { edns: edns({ udpSize }) }));
      expect(decoded(wire!).tc).toBe(false);
      expect(wire!.length).toBeLessThanOrEqual(512);
    }
  });

  it('7: a response to a query without OPT has none', async () => {
    const h = new Harness();
    for (const type of [RRType.A, RRType.AXFR, RRType.ANY]) {
      expect((await h.ask(query('www.example.', type)))?.edns).toBeUndefined();
    }
  });
});
