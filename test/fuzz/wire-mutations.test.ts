import { describe, expect, it, vi } from 'vitest';
import { nameToOctets, ROOT } from '../../src/dns/name.js';
import { type Random, seededRandom } from '../../src/runtime/random.js';
import { decodeMessage } from '../../src/wire/decode.js';
import { encodeMessage } from '../../src/wire/encode.js';
import type { Message } from '../../src/wire/message.js';
import { NameReader } from '../../src/wire/names.js';
import { peekQuestion, questionMatches } from '../../src/wire/peek.js';
import { checkRdata, formatRdata, parseRdata } from '../../src/wire/rdata/registry.js';
import { rdataValue } from '../../src/wire/rdata/value.js';
import { formatMessage } from '../../src/wire/rrset-text.js';
import { ttlOffsets } from '../../src/wire/ttl-offsets.js';
import { fuzzRounds, fuzzSeed, fuzzTimeoutMs } from '../support/fuzz-settings.js';
import { rdataTokens } from '../support/rdata-tokens.js';
import { opt, packet, pointer, question, record } from '../support/wire-builder.js';
import { readCorpus } from '../support/wire-corpus.js';

/** Without the corpus, messages of our own are mutated. */
function seeds(): Buffer[] {
  const own = packet({
    counts: [1, 3, 1, 2],
    body:
      question('www.example.test.') +
      record(pointer(12), 5, `\x01a${pointer(16)}`) +
      record(pointer(46), 1, 'abcd') +
      record(pointer(46), 46, `\0\x01\x08\x02${'\0'.repeat(14)}${nameToOctets('test.')}sig`) +
      record(pointer(16), 6, `${pointer(12)}${pointer(16)}${'\0'.repeat(20)}`) +
      record(pointer(16), 47, `${nameToOctets('z.test.')}\0\x01\x40`) +
      opt('\0\x03\0\x02id'),
  });
  const corpus = readCorpus().map(({ wire }) => wire);
  return [own, ...corpus.filter((wire) => wire.length <= 4096)];
}

type Mutation = (wire: Buffer, random: Random, other: Buffer) => Buffer;

const mutations: readonly Mutation[] = [
  (wire, random) => {
    const at = random.below(wire.length);
    wire[at] = wire[at]! ^ (1 << random.below(8));
    return wire;
  },
  (wire, random) => {
    wire[random.below(wire.length)] = random.below(256);
    return wire;
  },
  (wire, random) => {
    if (wire.length < 14) return wire;
    wire.writeUInt16BE(0xc000 | random.below(wire.length), 12 + random.below(wire.length - 13));
    return wire;
  },
  (wire, random) => wire.subarray(0, 1 + random.below(wire.length)),
  (wire, random) => {
    const at = random.below(wire.length);
    return Buffer.concat([wire.subarray(0, at), Buffer.from([random.below(256)]), wire.subarray(at)]);
  },
  (wire, random, other) =>
    Buffer.concat([wire.subarray(0, random.below(wire.length)), other.subarray(random.below(other.length))]),
  (wire, random) => {
    if (wire.length >= 12) wire[4 + random.below(8)] = random.below(4);
    return wire;
  },
];

function mutate(seed: Buffer, random: Random, other: Buffer): Buffer {
  let wire: Buffer = Buffer.from(seed);
  for (let left = 1 + random.below(4); left > 0 && wire.length > 0; left--) {
    wire = mutations[random.below(mutations.length)]!(wire, random, other);
  }
  return wire;
}

function checkDecoded(wire: Buffer, message: Message): void {
  const encoded = encodeMessage(message);
  const again = decodeMessage(encoded);
  if (!again.ok) throw new Error(`what we wrote is refused: ${again.reason} at ${again.offset}`);
  if (again.message.tc === message.tc) expect(again.message).toEqual(message);
  const records = wire.readUInt16BE(6) + wire.readUInt16BE(8) + wire.readUInt16BE(10);
  expect(ttlOffsets(wire)?.length).toBe(records - (message.edns === undefined ? 0 : 1));
  expect(peekQuestion(wire)?.name).toBe(message.questions[0]?.name);
  expect(formatMessage(message)).not.toMatch(/[^\P{Cc}\t\n]/u);
  for (const { type, class: rrclass, rdatas } of [
    ...message.answer,
    ...message.authority,
    ...message.additional,
  ]) {
    for (const rdata of rdatas) {
      rdataValue(type, rdata, rrclass);
      if (rrclass !== 1 || checkRdata(type, rdata) !== undefined) continue;
      expect(parseRdata(type, rdataTokens(formatRdata(type, rdata)), ROOT)).toBe(rdata);
    }
  }
}

describe('mutated messages', () => {
  it('are decoded to something that can be written, read and shown, or refused with a reason', {
    timeout: fuzzTimeoutMs,
  }, () => {
    const random = seededRandom(fuzzSeed(1));
    const pool = seeds();
    let accepted = 0;
    const rounds = fuzzRounds(12_000);
    for (let i = 0; i < rounds; i++) {
      const wire = mutate(pool[i % pool.length]!, random, pool[random.below(pool.length)]!);
      const result = decodeMessage(wire);
      peekQuestion(wire);
      ttlOffsets(wire);
      questionMatches(wire, pool[random.below(pool.length)]!);
      if (result.ok) {
        accepted++;
        checkDecoded(wire, result.message);
      } else {
        expect(result.reason).not.toBe('');
        expect(result.offset).toBeLessThanOrEqual(wire.length);
        expect(result.header === undefined).toBe(wire.length < 12);
      }
    }
    expect(accepted).toBeGreaterThan(rounds / 20);
  });

  it('made of nothing but random octets are handled too', { timeout: fuzzTimeoutMs }, () => {
    const random = seededRandom(fuzzSeed(2));
    for (let i = 0; i < fuzzRounds(3000); i++) {
      const wire = Buffer.from(Array.from({ length: random.below(200) }, () => random.below(256)));
      if (wire.length >= 12) wire.set([0, 1, 0, 1, 0, 0, 0, random.below(2)], 4);
      const result = decodeMessage(wire);
      if (result.ok) checkDecoded(wire, result.message);
    }
  });
});

/** Messages of the largest size that make a careless reader or writer do quadratic work. */
const worst: readonly (readonly [what: string, wire: Buffer])[] = [
  [
    'one RRset per record',
    full(0, (i) => record(`\x02${String.fromCharCode(i >> 8, i & 255)}\0`, 65280, '')),
  ],
  [
    'one RRset of empty strings and numbers',
    full(0, (i) => record('\0', 65280, String.fromCharCode(i >> 8, i & 255))),
  ],
  [
    'names of 127 labels by pointer',
    full(1, () => record(pointer(12), 1, 'abcd'), `${'\x01a'.repeat(127)}\0\0\x01\0\x01`),
  ],
  [
    'targets of 127 labels by pointer',
    full(
      1,
      (i) => record(pointer(14), 2, `\x01${String.fromCharCode(i & 255)}${pointer(16)}`),
      `${'\x01a'.repeat(127)}\0\0\x01\0\x01`,
    ),
  ],
  [
    'SOA records by pointer',
    full(
      1,
      () => record(pointer(12), 6, `${pointer(12)}${pointer(12)}${'\0'.repeat(20)}`),
      `${'\x01a'.repeat(127)}\0\0\x01\0\x01`,
    ),
  ],
  [
    'signatures only',
    full(0, (i) => record('\0', 46, `${String.fromCharCode(i >> 8, i & 255)}${'\0'.repeat(17)}`)),
  ],
  ['options only', packet({ counts: [0, 0, 0, 1], body: opt('\0\x0c\0\0'.repeat(16_370)) })],
];

function full(questions: number, make: (i: number) => string, head = ''): Buffer {
  const records: string[] = [];
  let size = 12 + head.length;
  for (let i = 0; ; i++) {
    const next = make(i);
    size += next.length;
    if (size > 65_535) break;
    records.push(next);
  }
  return packet({ counts: [questions, records.length], body: head + records.join('') });
}

describe('messages of 64 kB made to be slow', () => {
  it.each(worst)(
    '%s: at most three names are read per record, and the round trip is right',
    (_what, wire) => {
      const read = vi.spyOn(NameReader.prototype, 'read');
      const copy = vi.spyOn(NameReader.prototype, 'copy');
      const result = decodeMessage(wire);
      const records = wire.readUInt16BE(6) + wire.readUInt16BE(10);
      expect(read.mock.calls.length + copy.mock.calls.length).toBeLessThanOrEqual(1 + records * 3);
      read.mockRestore();
      copy.mockRestore();
      if (!result.ok) throw new Error(result.reason);
      const again = decodeMessage(encodeMessage(result.message));
      expect(again.ok).toBe(true);
    },
  );
});
