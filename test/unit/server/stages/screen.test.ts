import { describe, expect, it } from 'vitest';
import { Opcode, Rcode, RRClass, RRType } from '../../../../src/dns/registry.js';
import { encodeMessage } from '../../../../src/wire/encode.js';
import {
  aRecord,
  edeOf,
  edns,
  Harness,
  query,
  soaRecord,
  tcpClient,
} from '../../../support/server-harness.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
/** `www.example. A IN`, as a question section. */
const question = '03777777 076578616d706c65 00 0001 0001';

describe('packets that get no response', () => {
  it.each([
    ['an empty packet', '', 'too-short'],
    ['eleven octets', '123401000001000000000 0'.replace(' ', '0'), 'too-short'],
    ['a response', `1234 8180 0001 0000 0000 0000 ${question}`, 'not-a-query'],
    ['a response of twelve octets', '1234 8000 0000 0000 0000 0000', 'not-a-query'],
    ['a broken response', '1234 8000 0001 0000 0000 0000 ff', 'not-a-query'],
  ])('%s is dropped and counted', async (_, packet, kind) => {
    const h = new Harness();
    expect(await h.wire(hex(packet))).toBeUndefined();
    expect(h.recorder.drops).toEqual([kind]);
    expect(h.recorder.records).toEqual([]);
    expect(h.resolver.asked).toEqual([]);
  });
});

describe('packets that cannot be read get FORMERR with their own header', () => {
  it.each([
    ['a header without question', '1234 0100 0000 0000 0000 0000'],
    ['an announced question that is missing', '1234 0100 0001 0000 0000 0000'],
    ['a question cut in its name', '1234 0100 0001 0000 0000 0000 03 7777'],
    ['two questions', `1234 0100 0002 0000 0000 0000 ${question} ${question}`],
    ['65,535 questions', `1234 0100 ffff 0000 0000 0000 ${question}`],
    ['octets after the message', `1234 0100 0001 0000 0000 0000 ${question} 00`],
    ['a pointer to itself as QNAME', '1234 0100 0001 0000 0000 0000 c00c 0001 0001'],
    ['a label of 64 octets', `1234 0100 0001 0000 0000 0000 40 ${'61'.repeat(64)} 00 0001 0001`],
    ['two OPT records', `1234 0100 0001 0000 0000 0002 ${question} ${'0000290200000000000000'.repeat(2)}`],
    [
      'an option longer than its OPT',
      `1234 0100 0001 0000 0000 0001 ${question} 000029 0200 00000000 0004 000a 0009`,
    ],
    ['an OPT in the answer section', `1234 0100 0001 0001 0000 0000 ${question} 0000290200000000000000`],
  ])('%s', async (_, packet) => {
    const h = new Harness();
    const wire = await h.wire(hex(packet));
    expect(wire?.subarray(0, 4)).toEqual(hex('1234 8181'));
    expect(wire?.subarray(4, 12)).toEqual(Buffer.alloc(8));
    expect(h.resolver.asked).toEqual([]);
    expect(h.recorder.records).toMatchObject([
      { rcode: Rcode.FORMERR, lookupClass: 'refused', qname: undefined },
    ]);
  });

  it('RD and CD of the query come back, other flags do not', async () => {
    const wire = await new Harness().wire(hex('abcd 0670 0000 0000 0000 0000'));
    expect(wire).toEqual(hex('abcd 8091 0000 0000 0000 0000'));
  });
});

describe('sections that a query must not fill', () => {
  it.each([
    ['answer', { answer: [aRecord('www.example.')] }],
    ['authority', { authority: [soaRecord('example.')] }],
  ])('records in the %s section are FORMERR', async (_, more) => {
    const h = new Harness();
    const response = await h.ask(query('www.example.', RRType.A, { ...more, edns: edns() }));
    expect(response?.rcode).toBe(Rcode.FORMERR);
    expect(edeOf(response)[0]).toMatch(/^0 records in the/);
    expect(h.resolver.asked).toEqual([]);
  });

  it('additional records are ignored', async () => {
    const response = await new Harness().ask(
      query('www.example.', RRType.A, { additional: [aRecord('x.example.')] }),
    );
    expect(response?.rcode).toBe(Rcode.NOERROR);
    expect(response?.answer).toHaveLength(1);
  });
});

describe('opcodes', () => {
  it.each([
    ['IQUERY', Opcode.IQUERY],
    ['STATUS', Opcode.STATUS],
    ['3', 3],
    ['NOTIFY', Opcode.NOTIFY],
    ['UPDATE', Opcode.UPDATE],
    ['DSO', Opcode.DSO],
    ['15', 15],
  ])('%s is NOTIMP, with the opcode back and no meaning put into other flags', async (_, opcode) => {
    const h = new Harness();
    const response = await h.ask(
      query('www.example.', RRType.SOA, { opcode, ad: true, cd: true, edns: edns() }),
    );
    expect(response).toMatchObject({ rcode: Rcode.NOTIMP, opcode, qr: true, rd: true });
    expect(response).toMatchObject({ aa: false, ra: false, ad: false, cd: false, edns: { version: 0 } });
    expect(h.resolver.asked).toEqual([]);
  });

  it('an UPDATE whose sections cannot be read is NOTIMP all the same', async () => {
    const wire = await new Harness().wire(hex('1234 2800 0001 0000 0001 0000 00 0006 0001 ff'));
    expect(wire).toEqual(hex('1234 a804 0000 0000 0000 0000'));
  });

  it('a NOTIFY over TCP with an SOA in it is NOTIMP', async () => {
    const notify = query('example.', RRType.SOA, {
      opcode: Opcode.NOTIFY,
      aa: true,
      answer: [soaRecord('example.')],
    });
    expect((await new Harness().ask(notify, tcpClient))?.rcode).toBe(Rcode.NOTIMP);
  });
});

describe('EDNS versions', () => {
  it.each([[1], [2], [255]])('version %i is BADVERS, told in version 0', async (version) => {
    const h = new Harness();
    const response = await h.ask(query('www.example.', RRType.A, { edns: edns({ version, do: true }) }));
    expect(response?.rcode).toBe(Rcode.BADVERS);
    expect(response?.edns).toMatchObject({ version: 0, do: true, udpSize: 1232 });
    expect(response?.questions).toHaveLength(1);
    expect(response?.answer).toEqual([]);
    expect(h.resolver.asked).toEqual([]);
  });
});

describe('classes', () => {
  it.each([
    ['HS', RRClass.HS, Rcode.REFUSED],
    ['NONE', RRClass.NONE, Rcode.NOTIMP],
    ['ANY', RRClass.ANY, Rcode.NOTIMP],
    ['0', 0, Rcode.REFUSED],
    ['2', 2, Rcode.REFUSED],
    ['65280', 65_280, Rcode.REFUSED],
  ])('%s is not served', async (_, cls, rcode) => {
    const h = new Harness();
    const asked = query();
    const message = { ...asked, edns: edns(), questions: [{ ...asked.questions[0]!, class: cls }] };
    const response = await h.ask(message);
    expect(response?.rcode).toBe(rcode);
    expect(edeOf(response)[0]).toMatch(/^21 class /);
    expect(h.resolver.asked).toEqual([]);
  });
});

describe('types', () => {
  it.each([
    ['AXFR', RRType.AXFR],
    ['IXFR', RRType.IXFR],
  ])('%s is refused', async (_, type) => {
    const h = new Harness();
    expect((await h.ask(query('example.', type), tcpClient))?.rcode).toBe(Rcode.REFUSED);
    expect(h.resolver.asked).toEqual([]);
  });

  it('an IXFR that carries its SOA is refused like one without', async () => {
    const ixfr = query('example.', RRType.IXFR, { authority: [soaRecord('example.')] });
    expect((await new Harness().ask(ixfr))?.rcode).toBe(Rcode.REFUSED);
  });

  it.each([[0], [RRType.OPT], [128], [200], [RRType.TKEY], [RRType.TSIG], [RRType.MAILB], [RRType.MAILA]])(
    '%i cannot be asked for: FORMERR with EDE 30',
    async (type) => {
      const h = new Harness();
      const response = await h.ask(query('www.example.', type, { edns: edns() }));
      expect(response?.rcode).toBe(Rcode.FORMERR);
      expect(edeOf(response)[0]).toMatch(/^30 /);
      expect(h.resolver.asked).toEqual([]);
    },
  );

  it.each([[RRType.A], [RRType.RRSIG], [RRType.NSEC], [127], [256], [65_280], [65_535]])(
    '%i is put to the resolver',
    async (type) => {
      const h = new Harness();
      await h.ask(query('www.example.', type));
      expect(h.resolver.asked.map((q) => q.type)).toEqual([type]);
    },
  );
});

it('a query may carry odd but harmless flags', async () => {
  const packet = encodeMessage(query('www.example.', RRType.A, { aa: true, tc: true, ra: true, rcode: 5 }));
  packet[3]! |= 0x40; // Z
  const response = await new Harness().ask(packet);
  expect(response).toMatchObject({ rcode: Rcode.NOERROR, aa: false, tc: false });
});
