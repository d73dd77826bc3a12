import { describe, expect, it } from 'vitest';
import { nameToOctets, parseName } from '../../../src/dns/name.js';
import { RRType } from '../../../src/dns/registry.js';
import { decodeMessage } from '../../../src/wire/decode.js';
import { formatMessage, formatRRset } from '../../../src/wire/rrset-text.js';
import { opt, packet, pointer, question, record } from '../../support/wire-builder.js';

const SIGNATURE = `\0\x0f\x08\x02\0\0\x01\x2c\x3e\x7c\x9d\xd7\x3e\x55\x10\xd7\x0a\x52${nameToOctets('example.test.')}\x01\x02\x03`;

describe('formatRRset', () => {
  it('is one line per record, parted by tabs, RRSIGs last', () => {
    const rrset = {
      name: parseName('example.test.'),
      type: RRType.MX,
      class: 1,
      ttlSec: 300,
      rdatas: [`\0\x0a${nameToOctets('A.test.')}`, '\0\x14\0'],
      signatures: [SIGNATURE],
    };
    expect(formatRRset(rrset)).toEqual([
      'example.test.\t300\tIN\tMX\t10 A.test.',
      'example.test.\t300\tIN\tMX\t20 .',
      'example.test.\t300\tIN\tRRSIG\tMX 8 2 300 20030322173103 20030220173103 2642 example.test. AQID',
    ]);
  });

  it('writes A of another class in the generic form', () => {
    const rrset = { name: parseName('.'), type: 1, class: 3, ttlSec: 0, rdatas: ['abcd'], signatures: [] };
    expect(formatRRset(rrset)).toEqual(['.\t0\tCH\tA\t\\# 4 61626364']);
  });
});

describe('formatMessage', () => {
  it('shows header, EDNS, question in its spelling and sections', () => {
    const body =
      question('wWw.test.') +
      record(pointer(12), 1, '\xc0\0\x02\x01') +
      record(pointer(16), 2, '\x02ns\xc0\x10') +
      opt('\0\x0f\0\x02\0\x12', 1232, 0x8000);
    const decoded = decodeMessage(packet({ id: 77, flags: 0x8183, counts: [1, 1, 1, 1], body }));
    if (!decoded.ok) throw new Error(decoded.reason);
    expect(formatMessage(decoded.message)).toBe(
      `;; opcode: QUERY, status: NXDOMAIN, id: 77
;; flags: qr rd ra
;; EDNS: version 0, do, udp 1232
;; EDE: 18 (prohibited)

;; QUESTION
;wWw.test.\tIN\tA

;; ANSWER
www.test.\t300\tIN\tA\t192.0.2.1

;; AUTHORITY
test.\t300\tIN\tNS\tns.test.
`,
    );
  });
});
