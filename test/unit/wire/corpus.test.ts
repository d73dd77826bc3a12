import { describe, expect, it } from 'vitest';
import { Opcode } from '../../../src/dns/registry.js';
import { decodeMessage } from '../../../src/wire/decode.js';
import { encodeMessage } from '../../../src/wire/encode.js';
import { peekHeader } from '../../../src/wire/peek.js';
import { formatMessage } from '../../../src/wire/rrset-text.js';
import { ttlOffsets } from '../../../src/wire/ttl-offsets.js';
import { type CorpusMessage, corpusFile, hasCorpus, readCorpus } from '../../support/wire-corpus.js';

/** Why we refuse a message that the other reader takes; undefined when there is no good reason. */
function excuse({ verdict, wire }: CorpusMessage, reason: string): string | undefined {
  if (wire.readUInt16BE(4) > 1) return 'more than one question';
  if (peekHeader(wire)?.opcode === Opcode.UPDATE && /RDATA/.test(reason)) return 'empty RDATA of UPDATE';
  // The other reader does not look for octets behind a TSIG.
  if (verdict === 'ok-tsig' && /left over/.test(reason)) return 'octets behind TSIG';
  return undefined;
}

/** Errors of framing, on which two readers cannot differ. The others are about opcodes, ECS and SVCB values. */
const FRAMING = new Set([
  'BadLabelType',
  'BadPointer',
  'ShortHeader',
  'NameTooLong',
  'TrailingJunk',
  'BadEDNS',
]);

describe.skipIf(!hasCorpus)(`corpus of messages (${corpusFile})`, () => {
  const corpus = readCorpus();

  it('is all decoded where the other reader takes it, but for UPDATE, several questions and octets behind TSIG', () => {
    const excuses = new Map<string, number>();
    const unexplained: string[] = [];
    for (const entry of corpus.filter(({ verdict }) => verdict.startsWith('ok'))) {
      const result = decodeMessage(entry.wire);
      if (result.ok) continue;
      const why = excuse(entry, result.reason);
      if (why === undefined) unexplained.push(`${entry.source}: ${result.reason}`);
      else excuses.set(why, (excuses.get(why) ?? 0) + 1);
    }
    expect(unexplained).toEqual([]);
    expect(Object.fromEntries(excuses)).toEqual({
      'more than one question': 4,
      'empty RDATA of UPDATE': 5,
      'octets behind TSIG': 2,
    });
  });

  it('is refused where the other reader finds the framing broken', () => {
    const broken = corpus.filter(({ verdict }) => FRAMING.has(verdict));
    expect(broken.length).toBeGreaterThan(30);
    expect(broken.filter(({ wire }) => decodeMessage(wire).ok).map(({ source }) => source)).toEqual([]);
  });

  it('is the same message after it is encoded and decoded again', () => {
    for (const { wire } of corpus) {
      const result = decodeMessage(wire);
      if (result.ok) expect(decodeMessage(encodeMessage(result.message))).toEqual(result);
    }
  });

  it('has a TTL offset for every record but OPT, and a text', () => {
    for (const { wire } of corpus) {
      const result = decodeMessage(wire);
      if (!result.ok) continue;
      const records = wire.readUInt16BE(6) + wire.readUInt16BE(8) + wire.readUInt16BE(10);
      expect(ttlOffsets(wire)?.length).toBe(records - (result.message.edns === undefined ? 0 : 1));
      expect(formatMessage(result.message)).toMatch(/^[\t\n -~]*$/);
    }
  });
});
