import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage } from '../../src/wire/decode.js';
import { encodeMessage } from '../../src/wire/encode.js';
import type { Message } from '../../src/wire/message.js';
import { peekQuestion, questionMatches } from '../../src/wire/peek.js';
import { ttlOffsets } from '../../src/wire/ttl-offsets.js';
import { message } from '../support/wire-arbitraries.js';

function decoded(wire: Uint8Array): Message {
  const result = decodeMessage(wire);
  if (!result.ok) throw new Error(`${result.reason} at ${result.offset}`);
  return result.message;
}

function recordCount(sections: Message): number {
  return [...sections.answer, ...sections.authority, ...sections.additional].reduce(
    (sum, { rdatas, signatures }) => sum + rdatas.length + signatures.length,
    0,
  );
}

describe('any message', () => {
  it('comes back from its octets as it was', () => {
    fc.assert(
      fc.property(message, (original) => {
        expect(decoded(encodeMessage(original))).toEqual(original);
      }),
      { numRuns: 400, seed: 20 },
    );
  });

  it('stays within the limit, keeps its OPT, and holds a beginning of each section', () => {
    fc.assert(
      fc.property(message, fc.integer({ min: 512, max: 1400 }), (original, limit) => {
        const wire = encodeMessage(original, limit);
        expect(wire.length).toBeLessThanOrEqual(limit);
        const cut = decoded(wire);
        expect(cut.questions).toEqual(original.questions);
        expect(cut.edns?.udpSize).toBe(original.edns?.udpSize);
        expect(cut.rcode).toBe(original.rcode);
        expect(cut.answer).toEqual(original.answer.slice(0, cut.answer.length));
        expect(cut.authority).toEqual(original.authority.slice(0, cut.authority.length));
        if (!cut.tc) {
          expect(cut.answer.length).toBe(original.answer.length);
          expect(cut.authority.length).toBe(original.authority.length);
        }
      }),
      { numRuns: 400, seed: 21 },
    );
  });

  it('has one TTL offset per record, and there the TTL is', () => {
    fc.assert(
      fc.property(message, (original) => {
        const wire = encodeMessage(original);
        const offsets = ttlOffsets(wire);
        expect(offsets?.length).toBe(recordCount(original));
        for (const offset of offsets ?? []) wire.writeUInt32BE(77, offset);
        const aged = decoded(wire);
        const again = [...aged.answer, ...aged.authority, ...aged.additional];
        expect(again.every(({ ttlSec }) => ttlSec === 77)).toBe(true);
      }),
      { numRuns: 200, seed: 22 },
    );
  });

  it('shows the same question to a peek as to the decoder', () => {
    fc.assert(
      fc.property(message, (original) => {
        const wire = encodeMessage(original);
        const peeked = peekQuestion(wire);
        const question = original.questions[0];
        if (question === undefined) {
          expect(peeked).toBeUndefined();
          return;
        }
        expect(peeked).toMatchObject(question);
        expect(questionMatches(wire, wire)).toBe('same');
      }),
      { numRuns: 200, seed: 23 },
    );
  });
});
