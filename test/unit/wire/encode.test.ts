import { describe, expect, it } from 'vitest';
import { nameToOctets, parseName } from '../../../src/dns/name.js';
import { Rcode, RRType } from '../../../src/dns/registry.js';
import type { RRset } from '../../../src/dns/rrset.js';
import { decodeMessage } from '../../../src/wire/decode.js';
import { encodeMessage, encodeQuery, MAX_MESSAGE_OCTETS } from '../../../src/wire/encode.js';
import type { Edns, Message } from '../../../src/wire/message.js';
import { u16Octets } from '../../../src/wire/octets.js';

const SPELLING = 'wWw.eXample.test.';
const EDNS: Edns = { version: 0, udpSize: 1232, do: false, options: [] };

function messageWith(fields: Partial<Message>): Message {
  return {
    id: 0x1234,
    qr: true,
    opcode: 0,
    aa: false,
    tc: false,
    rd: true,
    ra: true,
    ad: false,
    cd: false,
    rcode: 0,
    questions: [{ name: parseName(SPELLING), spelling: nameToOctets(SPELLING), type: 1, class: 1 }],
    answer: [],
    authority: [],
    additional: [],
    edns: undefined,
    ...fields,
  };
}

function rrset(name: string, type: number, rdatas: string[], signatures: string[] = []): RRset {
  return { name: parseName(name), type, class: 1, ttlSec: 300, rdatas, signatures };
}

function addresses(name: string, count: number): RRset {
  return rrset(
    name,
    RRType.A,
    Array.from({ length: count }, (_, i) => `\xc0\0${String.fromCharCode(i >> 8, i & 255)}`),
  );
}

function decoded(wire: Uint8Array): Message {
  const result = decodeMessage(wire);
  if (!result.ok) throw new Error(result.reason);
  return result.message;
}

/** The octets after the question. */
function tailOf(wire: Buffer): string {
  return wire.latin1Slice(12 + nameToOctets(SPELLING).length + 4);
}

describe('encodeMessage: names', () => {
  it('points at the question for its own name, so that the spelling comes back', () => {
    const tail = tailOf(encodeMessage(messageWith({ answer: [addresses('www.example.test.', 1)] })));
    expect(tail).toBe('\xc0\x0c\0\x01\0\x01\0\0\x01\x2c\0\x04\xc0\0\0\0');
  });

  it('remembers a bounded number of names (CVE-2024-8508)', () => {
    const targets = Array.from({ length: 400 }, (_, i) => nameToOctets(`n${i}.`));
    const wire = encodeMessage(
      messageWith({ answer: [rrset('a.', RRType.NS, targets), rrset('b.', RRType.NS, targets)] }),
    );
    const timesWritten = (name: string): number => wire.latin1Slice().split(nameToOctets(name)).length - 1;
    expect([timesWritten('n0.'), timesWritten('n399.')]).toEqual([1, 2]);
  });

  it('writes the root as one octet, never as a pointer', () => {
    const questions = [{ name: parseName('.'), spelling: '\0', type: 2, class: 1 }];
    const wire = encodeMessage(messageWith({ questions, answer: [rrset('.', RRType.NS, ['\0'])] }));
    expect(wire.latin1Slice(12 + 5)).toBe('\0\0\x02\0\x01\0\0\x01\x2c\0\x01\0');
  });

  it('compresses names in RDATA of RFC 1035 types against the question and against each other', () => {
    const mail = nameToOctets('mail.example.test.');
    const tail = tailOf(
      encodeMessage(
        messageWith({
          answer: [
            rrset('www.example.test.', RRType.CNAME, [mail]),
            rrset('mail.example.test.', RRType.A, ['\x01\x02\x03\x04']),
          ],
        }),
      ),
    );
    const cnameAt = 12 + nameToOctets(SPELLING).length + 4;
    expect(tail.slice(10, 19)).toBe('\0\x07\x04mail\xc0\x10');
    expect(tail.slice(19, 21)).toBe(u16Octets(0xc000 | (cnameAt + 12)));
  });

  it('does not compress names in RDATA of other types (RFC 3597 4)', () => {
    const target = nameToOctets('www.example.test.');
    for (const [type, rdata] of [
      [RRType.SRV, `\0\x01\0\x02\0\x03${target}`],
      [RRType.DNAME, target],
      [RRType.NSEC, `${target}\0\x01\x40`],
      [RRType.RP, target + target],
      [RRType.SVCB, `\0\x01${target}`],
    ] as const) {
      expect(
        tailOf(encodeMessage(messageWith({ answer: [rrset('www.example.test.', type, [rdata])] }))),
      ).toContain(rdata);
    }
  });

  it('keeps the letter case of names in RDATA', () => {
    const answer = [
      rrset('www.example.test.', RRType.NS, [
        nameToOctets('NS.Example.TEST.'),
        nameToOctets('ns.example.test.'),
      ]),
    ];
    expect(decoded(encodeMessage(messageWith({ answer }))).answer).toEqual(answer);
  });

  it('encodes thousands of names with pointers only to the first 16 kB', () => {
    const answer = Array.from({ length: 2500 }, (_, i) =>
      rrset(`host${i}.sub.example.test.`, RRType.A, ['\x01\x02\x03\x04']),
    );
    expect(decoded(encodeMessage(messageWith({ answer }))).answer).toEqual(answer);
  });
});

describe('encodeMessage: records', () => {
  it('writes RRSIGs behind their RRset with its TTL', () => {
    const signature = `\0\x01\x08\x02${'\0'.repeat(14)}\0sig`;
    const wire = encodeMessage(
      messageWith({ answer: [rrset('www.example.test.', RRType.A, ['abcd'], [signature])] }),
    );
    expect(tailOf(wire)).toBe(
      `\xc0\x0c\0\x01\0\x01\0\0\x01\x2c\0\x04abcd\xc0\x0c\0\x2e\0\x01\0\0\x01\x2c\0\x16${signature}`,
    );
    expect(wire.readUInt16BE(6)).toBe(2);
  });

  it('puts the upper bits of the RCODE into the OPT', () => {
    const wire = encodeMessage(messageWith({ rcode: Rcode.BADCOOKIE, edns: { ...EDNS, do: true } }));
    expect(wire[3]! & 15).toBe(7);
    expect(tailOf(wire)).toBe('\0\0\x29\x04\xd0\x01\0\x80\0\0\0');
    expect(decoded(wire).rcode).toBe(Rcode.BADCOOKIE);
  });

  it('makes an extended RCODE SERVFAIL when there is no OPT to hold it', () => {
    expect(decoded(encodeMessage(messageWith({ rcode: Rcode.BADVERS }))).rcode).toBe(Rcode.SERVFAIL);
  });

  it('hands out a buffer that later messages do not overwrite', () => {
    const first = encodeMessage(messageWith({ id: 1 }));
    encodeMessage(messageWith({ id: 2 }));
    expect(first.readUInt16BE(0)).toBe(1);
  });
});

describe('encodeMessage: limits', () => {
  it('fills the message to the last octet', () => {
    const message = messageWith({ answer: [addresses('www.example.test.', 3)], edns: EDNS });
    const whole = encodeMessage(message);
    expect(encodeMessage(message, whole.length)).toEqual(whole);
    expect(decoded(encodeMessage(message, whole.length - 1))).toMatchObject({
      tc: true,
      answer: [],
      edns: EDNS,
    });
  });

  it('cuts the answer at an RRset, sets TC and leaves the rest away', () => {
    const message = messageWith({
      answer: [rrset('www.example.test.', RRType.CNAME, [nameToOctets('a.test.')]), addresses('a.test.', 60)],
      authority: [rrset('test.', RRType.NS, ['\0'])],
      additional: [addresses('ns.test.', 1)],
      edns: EDNS,
    });
    expect(decoded(encodeMessage(message, 512))).toEqual({
      ...message,
      tc: true,
      answer: message.answer.slice(0, 1),
      authority: [],
      additional: [],
    });
  });

  it('sets TC when the authority does not fit (RFC 2181 9, RFC 4035 3.1.1)', () => {
    const message = messageWith({
      authority: [addresses('a.test.', 60)],
      additional: [addresses('ns.test.', 1)],
    });
    expect(decoded(encodeMessage(message, 512))).toMatchObject({ tc: true, authority: [], additional: [] });
  });

  it('leaves out additional RRsets that do not fit without TC, and keeps smaller ones', () => {
    const message = messageWith({
      aa: true,
      answer: [addresses('www.example.test.', 1)],
      additional: [addresses('a.test.', 60), addresses('b.test.', 1)],
    });
    expect(decoded(encodeMessage(message, 512))).toEqual({
      ...message,
      additional: [addresses('b.test.', 1)],
    });
  });

  it('looks for smaller additional RRsets only up to the eighth that does not fit', () => {
    const large = (count: number): RRset[] =>
      Array.from({ length: count }, (_, i) => addresses(`n${i}.test.`, 60));
    const small = addresses('b.test.', 1);
    expect(decoded(encodeMessage(messageWith({ additional: [...large(7), small] }), 512)).additional).toEqual(
      [small],
    );
    expect(decoded(encodeMessage(messageWith({ additional: [...large(8), small] }), 512)).additional).toEqual(
      [],
    );
  });

  it('points at no name that was taken back', () => {
    const message = messageWith({
      additional: [
        addresses('long.other.test.', 60),
        rrset('x.long.other.test.', RRType.NS, [nameToOctets('long.other.test.')]),
      ],
    });
    expect(decoded(encodeMessage(message, 512)).additional).toEqual(message.additional.slice(1));
  });

  it('sets TC on a referral whose in-domain glue does not fit (RFC 9471 2.1)', () => {
    const referral = (nsName: string): Message =>
      messageWith({
        authority: [rrset('example.test.', RRType.NS, [nameToOctets(nsName)])],
        additional: [addresses(nsName, 60)],
      });
    expect(decoded(encodeMessage(referral('ns.example.test.'), 512)).tc).toBe(true);
    expect(decoded(encodeMessage(referral('ns.other.test.'), 512)).tc).toBe(false);
    expect(decoded(encodeMessage({ ...referral('ns.example.test.'), aa: true }, 512)).tc).toBe(false);
  });

  it('drops EDNS options that leave no room, not the OPT', () => {
    const edns = { ...EDNS, options: [{ code: 15, data: 'x'.repeat(600) }] };
    expect(decoded(encodeMessage(messageWith({ edns }), 512)).edns).toEqual(EDNS);
  });

  it('never exceeds 65535 octets', () => {
    const answer = [rrset('www.example.test.', 65280, ['x'.repeat(65535)])];
    const wire = encodeMessage(messageWith({ answer }), 1_000_000);
    expect(wire.length).toBeLessThanOrEqual(MAX_MESSAGE_OCTETS);
    expect(decoded(wire)).toMatchObject({ tc: true, answer: [] });
  });
});

describe('encodeQuery', () => {
  const question = { name: parseName('www.example.test.'), type: RRType.AAAA, class: 1 };

  it('is the query that encodeMessage would make', () => {
    const edns = { ...EDNS, do: true, options: [{ code: 10, data: '12345678' }] };
    const spelling = nameToOctets(SPELLING);
    for (const [rd, cd, ad] of [
      [true, false, false],
      [false, true, true],
    ] as const) {
      const message = messageWith({
        id: 0xabcd,
        qr: false,
        ra: false,
        rd,
        cd,
        ad,
        questions: [{ ...question, spelling }],
      });
      expect(encodeQuery({ id: 0xabcd, question, spelling, rd, cd, ad, edns })).toEqual(
        encodeMessage({ ...message, edns }),
      );
      expect(encodeQuery({ id: 0xabcd, question, spelling, rd, cd, ad })).toEqual(encodeMessage(message));
    }
  });

  it('asks for the canonical name when no spelling is given', () => {
    const wire = encodeQuery({ id: 1, question, rd: false, cd: false });
    expect(decoded(wire).questions).toEqual([{ ...question, spelling: question.name }]);
  });
});
