import { describe, expect, it } from 'vitest';
import { nameToOctets, parseName } from '../../../src/dns/name.js';
import { parseType, RRClass, RRType } from '../../../src/dns/registry.js';
import { decodeMessage } from '../../../src/wire/decode.js';
import type { Message } from '../../../src/wire/message.js';
import { u16Octets } from '../../../src/wire/octets.js';
import { fromHex } from '../../../src/wire/rdata/registry.js';
import { opt, packet, pointer, question, record } from '../../support/wire-builder.js';
import { rdataRows } from './rdata/rdata-rows.js';

const ADDRESS = '\xc0\x00\x02\x01';
const QNAME_AT = 12;

function decoded(wire: Uint8Array): Message {
  const result = decodeMessage(wire);
  if (!result.ok) throw new Error(`${result.reason} at ${result.offset}`);
  return result.message;
}

function reasonOf(wire: Uint8Array): string {
  const result = decodeMessage(wire);
  if (result.ok) throw new Error('it was accepted');
  return result.reason;
}

/** A response to www.example.test. A with these records as the answer. */
function response(...records: string[]): Buffer {
  return packet({ counts: [1, records.length], body: question('www.example.test.') + records.join('') });
}

function rrsig(covered: number, last = 'x'): string {
  return `${u16Octets(covered)}${'\x08\x02'.padEnd(16, '\0')}${nameToOctets('test.')}${last}`;
}

describe('decodeMessage: header and question', () => {
  it('reads the bits of the header', () => {
    const message = decoded(packet({ id: 0xbeef, flags: 0b1_0010_1_1_1_1_0_1_1_0011 }));
    expect(message).toEqual({
      id: 0xbeef,
      qr: true,
      opcode: 2,
      aa: true,
      tc: true,
      rd: true,
      ra: true,
      ad: true,
      cd: true,
      rcode: 3,
      questions: [],
      answer: [],
      authority: [],
      additional: [],
      edns: undefined,
    });
  });

  it('keeps the spelling of the question beside its canonical name', () => {
    const { questions } = decoded(packet({ counts: [1], body: question('WwW.eXample.test.', 28, 3) }));
    expect(questions).toEqual([
      {
        name: parseName('www.example.test.'),
        spelling: nameToOctets('WwW.eXample.test.'),
        type: 28,
        class: 3,
      },
    ]);
  });

  it('hands on the header of a packet that is broken further on', () => {
    const result = decodeMessage(packet({ id: 7, flags: 0x0910, counts: [1], body: '\x05abc' }));
    expect(result).toMatchObject({ ok: false, header: { id: 7, qr: false, opcode: 1, rd: true, cd: true } });
  });

  it('has no header of a packet of 11 octets', () => {
    expect(decodeMessage(new Uint8Array(11))).toEqual({
      ok: false,
      reason: 'header is cut short',
      offset: 11,
      header: undefined,
    });
  });

  it('reads a plain Uint8Array and one that is a part of a larger buffer', () => {
    const wire = response(record(pointer(QNAME_AT), 1, ADDRESS));
    const larger = new Uint8Array(wire.length + 20).fill(255);
    larger.set(wire, 10);
    expect(decoded(larger.subarray(10, 10 + wire.length))).toEqual(decoded(wire));
  });
});

describe('decodeMessage: RRsets', () => {
  it('joins records of one owner, type and class, whatever stands between them', () => {
    const wire = response(
      record(nameToOctets('b.test.'), 1, ADDRESS, 60),
      record(nameToOctets('a.test.'), 1, ADDRESS, 50),
      record(nameToOctets('B.test.'), 1, '\xc0\x00\x02\x02', 40),
    );
    expect(decoded(wire).answer).toEqual([
      {
        name: parseName('b.test.'),
        type: 1,
        class: 1,
        ttlSec: 40,
        rdatas: [ADDRESS, '\xc0\x00\x02\x02'],
        signatures: [],
      },
      { name: parseName('a.test.'), type: 1, class: 1, ttlSec: 50, rdatas: [ADDRESS], signatures: [] },
    ]);
  });

  it('drops duplicates and keeps the lowest TTL', () => {
    const wire = response(
      record(pointer(QNAME_AT), 1, ADDRESS, 60),
      record(pointer(QNAME_AT), 1, ADDRESS, 30),
    );
    expect(decoded(wire).answer).toMatchObject([{ ttlSec: 30, rdatas: [ADDRESS] }]);
  });

  it('does the same for many RRsets and many records', () => {
    const records: string[] = [];
    for (let i = 0; i < 200; i++) {
      const address = `\0\0\0${String.fromCharCode(i)}`;
      records.push(record(nameToOctets(`n${i % 100}.test.`), 1, address, 100, RRClass.IN));
      records.push(record(nameToOctets(`n${i % 100}.test.`), 1, address, 100, RRClass.CH));
      records.push(record(nameToOctets('many.test.'), 1, `\0\0\0${String.fromCharCode(i % 50)}`, 100));
    }
    const { answer } = decoded(response(...records));
    expect(answer.length).toBe(201);
    expect(answer.find(({ name }) => name === parseName('many.test.'))?.rdatas.length).toBe(50);
    const both = answer.filter(({ name }) => name === parseName('n77.test.'));
    expect(both.map((rrset) => [rrset.class, rrset.rdatas])).toEqual([
      [RRClass.IN, ['\0\0\0\x4d', '\0\0\0\xb1']],
      [RRClass.CH, ['\0\0\0\x4d', '\0\0\0\xb1']],
    ]);
  });

  it('attaches signatures to the RRset they cover, also when they come first, with the lower TTL', () => {
    const wire = response(
      record(pointer(QNAME_AT), RRType.RRSIG, rrsig(1), 20),
      record(pointer(QNAME_AT), 1, ADDRESS, 60),
      record(pointer(QNAME_AT), RRType.RRSIG, rrsig(1), 20),
    );
    expect(decoded(wire).answer).toMatchObject([
      { type: 1, ttlSec: 20, rdatas: [ADDRESS], signatures: [rrsig(1)] },
    ]);
  });

  it('keeps signatures that cover nothing as an RRset of type RRSIG', () => {
    const wire = response(
      record(pointer(QNAME_AT), RRType.RRSIG, rrsig(28)),
      record(pointer(QNAME_AT), 1, ADDRESS),
      record(pointer(QNAME_AT), RRType.RRSIG, rrsig(RRType.RRSIG)),
      record(nameToOctets('other.test.'), RRType.RRSIG, rrsig(1)),
    );
    expect(decoded(wire).answer).toMatchObject([
      { type: 1, signatures: [] },
      { type: RRType.RRSIG, rdatas: [rrsig(28), rrsig(RRType.RRSIG)], signatures: [] },
      { type: RRType.RRSIG, name: parseName('other.test.'), rdatas: [rrsig(1)] },
    ]);
  });

  it('takes a TTL with the top bit set as zero (RFC 2181 8)', () => {
    expect(decoded(response(record(pointer(QNAME_AT), 1, ADDRESS, 0x80000000))).answer[0]?.ttlSec).toBe(0);
    expect(decoded(response(record(pointer(QNAME_AT), 1, ADDRESS, 0x7fffffff))).answer[0]?.ttlSec).toBe(
      0x7fffffff,
    );
  });

  it('keeps unknown types as they are, also when they look like pointers (RFC 3597 4)', () => {
    expect(decoded(response(record(pointer(QNAME_AT), 65280, pointer(QNAME_AT)))).answer[0]?.rdatas).toEqual([
      '\xc0\x0c',
    ]);
  });

  it('does not ask RDATA of another class for the layout of class IN', () => {
    const wire = response(record(pointer(QNAME_AT), 1, '\x00\x01\x02', 1, RRClass.CH));
    expect(decoded(wire).answer[0]?.rdatas).toEqual(['\x00\x01\x02']);
  });
});

describe('decodeMessage: names', () => {
  it('follows pointers in owner names and in RDATA, pointer to pointer too', () => {
    const first = record(`\x01a${pointer(QNAME_AT + 4)}`, RRType.CNAME, `\x01b${pointer(QNAME_AT + 4)}`);
    const firstAt = QNAME_AT + question('www.example.test.').length;
    const second = record(pointer(firstAt), RRType.MX, `\0\x0a${pointer(firstAt)}`);
    const { answer } = decoded(response(first, second));
    expect(answer[0]).toMatchObject({
      name: parseName('a.example.test.'),
      rdatas: [nameToOctets('b.example.test.')],
    });
    expect(answer[1]).toMatchObject({
      name: parseName('a.example.test.'),
      rdatas: [`\0\x0a${nameToOctets('a.example.test.')}`],
    });
  });

  it('keeps the letter case of names in RDATA, but not that of the question they point into', () => {
    const wire = packet({
      counts: [1, 1],
      body:
        question('wWw.eXaMpLe.tEsT.') +
        record(pointer(QNAME_AT), RRType.CNAME, `\x04MAIL${pointer(QNAME_AT + 4)}`),
    });
    expect(decoded(wire).answer[0]).toMatchObject({
      name: parseName('www.example.test.'),
      rdatas: [nameToOctets('MAIL.example.test.')],
    });
  });

  it('decompresses both names of SOA and the types of RFC 3597 4', () => {
    const soa = pointer(QNAME_AT) + pointer(QNAME_AT + 4) + '\0'.repeat(20);
    const srv = `\0\x01\0\x02\0\x03${pointer(QNAME_AT)}`;
    const naptr = `\0\x01\0\x02\x01s\x01x\x00${pointer(QNAME_AT)}`;
    const www = nameToOctets('www.example.test.');
    const { answer } = decoded(
      response(
        record(pointer(QNAME_AT), RRType.SOA, soa),
        record(pointer(QNAME_AT), RRType.SRV, srv),
        record(pointer(QNAME_AT), RRType.NAPTR, naptr),
      ),
    );
    expect(answer.map(({ rdatas }) => rdatas[0])).toEqual([
      www + nameToOctets('example.test.') + '\0'.repeat(20),
      `\0\x01\0\x02\0\x03${www}`,
      `\0\x01\0\x02\x01s\x01x\x00${www}`,
    ]);
  });

  it('reads a name of 255 octets and 127 labels, and refuses one octet more', () => {
    const longest = '\x01a'.repeat(127);
    expect(decoded(packet({ counts: [1], body: `${longest}\0\0\x01\0\x01` })).questions[0]?.name.length).toBe(
      255,
    );
    expect(reasonOf(packet({ counts: [1], body: `\x02aa${'\x01a'.repeat(126)}\0\0\x01\0\x01` }))).toMatch(
      /255/,
    );
    const withOwner = (owner: string): Buffer =>
      packet({ counts: [1, 1], body: `${longest}\0\0\x01\0\x01${record(owner, 1, ADDRESS)}` });
    expect(decoded(withOwner(`\x01b${pointer(QNAME_AT + 2)}`)).answer[0]?.name.length).toBe(255);
    expect(reasonOf(withOwner(`\x02bb${pointer(QNAME_AT + 2)}`))).toMatch(/255/);
    expect(reasonOf(withOwner(`\x01b${pointer(QNAME_AT)}`))).toMatch(/255/);
  });

  it('reads a chain of 127 pointers and refuses 128', () => {
    const chain = (links: number): Buffer => {
      const start = QNAME_AT + question('a.').length + 11;
      let rdata = pointer(QNAME_AT);
      for (let i = 1; i < links - 1; i++) rdata += pointer(start + (i - 1) * 2);
      const owner = pointer(start + (links - 2) * 2);
      return packet({
        counts: [1, 2],
        body: question('a.') + record('\0', 65280, rdata) + record(owner, 1, ADDRESS),
      });
    };
    expect(decoded(chain(127)).answer[1]?.name).toBe(parseName('a.'));
    expect(reasonOf(chain(128))).toMatch(/too many/);
  });
});

describe('decodeMessage: EDNS', () => {
  it('reads the OPT into edns and the upper bits of the RCODE', () => {
    const body = opt('\0\x03\0\x02id\0\x0a\0\0', 4096, 0x01_02_80_00);
    expect(decoded(packet({ flags: 0x8185, counts: [0, 0, 0, 1], body }))).toMatchObject({
      rcode: 0x15,
      additional: [],
      edns: {
        version: 2,
        udpSize: 4096,
        do: true,
        options: [
          { code: 3, data: 'id' },
          { code: 10, data: '' },
        ],
      },
    });
  });

  it('hands on 64 options at most, but checks them all', () => {
    const many = '\0\x0c\0\0'.repeat(2000);
    expect(decoded(packet({ counts: [0, 0, 0, 1], body: opt(many) })).edns?.options.length).toBe(64);
    expect(reasonOf(packet({ counts: [0, 0, 0, 1], body: opt(`${many}\0\x0c\0\x09`) }))).toMatch(/option/);
  });
});

describe('decodeMessage refuses', () => {
  const www = question('www.example.test.');

  it.each<[what: string, wire: Buffer, reason: RegExp]>([
    ['two questions', packet({ counts: [2], body: www + www }), /more than one question/],
    ['a question cut short', packet({ counts: [1], body: www.slice(0, -1) }), /question is cut short/],
    [
      'a question that is a pointer',
      packet({ counts: [1], body: `${pointer(4)}\0\x01\0\x01` }),
      /compressed/,
    ],
    ['counts the message has no room for', packet({ counts: [0, 65535, 65535, 65535], body: opt() }), /room/],
    ['octets after the last record', packet({ counts: [1], body: `${www}x` }), /left over/],
    [
      'fewer records than counted',
      packet({ counts: [0, 2], body: record('\0', 1, ADDRESS) + '\0'.repeat(9) }),
      /cut short|past/,
    ],
    [
      'RDATA past the end',
      packet({ counts: [0, 1], body: record('\0', 65280, 'abc').slice(0, -1) }),
      /past the end/,
    ],
    ['a label past the end', packet({ counts: [0, 1], body: `\x3f${'a'.repeat(20)}` }), /cut short/],
    ['label type 01', packet({ counts: [0, 1], body: record('\x41a\0', 1, ADDRESS) }), /label type/],
    ['label type 10', packet({ counts: [0, 1], body: record('\x80a\0', 1, ADDRESS) }), /label type/],
    ['a pointer to itself', packet({ counts: [0, 1], body: record(pointer(12), 1, ADDRESS) }), /backwards/],
    ['a pointer forwards', packet({ counts: [0, 1], body: record(pointer(14), 1, ADDRESS) }), /backwards/],
    [
      'a pointer into its own label',
      packet({ counts: [0, 1], body: record(`\x02ab${pointer(13)}`, 1, ADDRESS) }),
      /backwards/,
    ],
    [
      'two names that point at each other',
      response(record(pointer(QNAME_AT), 5, pointer(47)), record(pointer(47), 1, ADDRESS)),
      /backwards/,
    ],
    ['half a pointer', packet({ counts: [0, 1], body: `${'\x01a'.repeat(5)}\xc0` }), /cut short/],
    [
      'a label of a pointer target past the end',
      response(record(pointer(QNAME_AT + 1), 1, ADDRESS)),
      /label type|cut short|backwards/,
    ],
    ['OPT in the answer', packet({ counts: [0, 1], body: opt() }), /OPT outside/],
    ['OPT in the authority', packet({ counts: [0, 0, 1], body: opt() }), /OPT outside/],
    ['two OPTs', packet({ counts: [0, 0, 0, 2], body: opt() + opt() }), /more than one OPT/],
    ['OPT with a name', packet({ counts: [0, 0, 0, 1], body: record('\x01a\0', 41, '') }), /root/],
    ['an option header cut short', packet({ counts: [0, 0, 0, 1], body: opt('\0\x03\0') }), /option/],
    [
      'an option longer than the OPT',
      packet({ counts: [0, 0, 0, 1], body: opt('\0\x03\0\x05abcd') }),
      /option/,
    ],
    [
      'a name in RDATA that reaches past it',
      response(record(pointer(QNAME_AT), 5, '\x03ab')),
      /name|cut short/,
    ],
    [
      'a compressed signer name',
      response(record(pointer(QNAME_AT), 46, `${'\0'.repeat(18)}${pointer(QNAME_AT)}sig`)),
      /signer/,
    ],
    [
      'a compressed next name in NSEC',
      response(record(pointer(QNAME_AT), 47, pointer(QNAME_AT))),
      /next name/,
    ],
    [
      'a compressed SVCB target',
      response(record(pointer(QNAME_AT), 64, `\0\x01${pointer(QNAME_AT)}`)),
      /target/,
    ],
    [
      'a bitmap with windows out of order',
      response(record(pointer(QNAME_AT), 47, '\0\x01\x01\x40\0\x01\x40')),
      /types/,
    ],
    [
      'a bitmap window of 33 octets',
      response(record(pointer(QNAME_AT), 47, `\0\0\x21${'\x01'.repeat(33)}`)),
      /types/,
    ],
    ['a bitmap window of no octets', response(record(pointer(QNAME_AT), 47, '\0\0\0')), /types/],
    ['an address of 2 octets', response(record(pointer(QNAME_AT), 1, '\xc0\0')), /address/],
    ['TXT without a string', response(record(pointer(QNAME_AT), 16, '')), /text/],
  ])('%s', (_what, wire, reason) => {
    expect(reasonOf(wire)).toMatch(reason);
  });

  it('names the octet at which it noticed', () => {
    expect(decodeMessage(packet({ counts: [0, 1], body: record('\x80a\0', 1, ADDRESS) }))).toMatchObject({
      offset: 12,
    });
  });
});

/** Types whose last field may be of any length, so that an octet more or less stays valid. */
const OPEN_ENDED = new Set([
  'KEY',
  'DNSKEY',
  'CDNSKEY',
  'DS',
  'CDS',
  'DLV',
  'CERT',
  'DHCID',
  'SSHFP',
  'TLSA',
  'SMIMEA',
  'OPENPGPKEY',
  'ZONEMD',
  'URI',
  'CAA',
  'RRSIG',
  'IPSECKEY',
]);

const NO_FIXED_PART = new Set(['DHCID', 'OPENPGPKEY']);

describe('decodeMessage: RDATA lengths', () => {
  it.each(rdataRows.filter(([type]) => !OPEN_ENDED.has(type)))(
    '%s %s with an octet more or less is malformed',
    (type, _text, hex) => {
      const rdata = fromHex(hex)!;
      const at = (octets: string): Buffer => response(record(pointer(QNAME_AT), parseType(type)!, octets));
      expect(decodeMessage(at(rdata)).ok).toBe(true);
      expect(decodeMessage(at(`${rdata}\x3f`)).ok).toBe(false);
      if (type !== 'APL') expect(decodeMessage(at(rdata.slice(0, -1))).ok).toBe(false);
    },
  );

  it.each(rdataRows.filter(([type]) => OPEN_ENDED.has(type)))(
    '%s %s is malformed without its fixed part',
    (type, _text, hex) => {
      const wire = response(
        record(pointer(QNAME_AT), parseType(type)!, fromHex(hex)!.slice(0, NO_FIXED_PART.has(type) ? 0 : 1)),
      );
      expect(decodeMessage(wire).ok).toBe(false);
    },
  );

  it.each(rdataRows)('%s %s is read as it is when it comes without compression', (type, _text, hex) => {
    const wire = response(record(pointer(QNAME_AT), parseType(type)!, fromHex(hex)!));
    expect(decoded(wire).answer[0]?.rdatas).toEqual([fromHex(hex)]);
  });
});
