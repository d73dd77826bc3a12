import { describe, expect, it } from 'vitest';
import { nameToOctets, parseName } from '../../../src/dns/name.js';
import { peekHeader, peekQuestion, questionMatches } from '../../../src/wire/peek.js';
import { packet, question } from '../../support/wire-builder.js';

const query = packet({ flags: 0, counts: [1], body: question('wWw.example.test.', 28) });

describe('peekHeader', () => {
  it('reads a header, whatever follows, and nothing from less than 12 octets', () => {
    const wire = packet({ id: 9, flags: 0xa910, counts: [7, 7, 7, 7], body: '\xff' });
    expect(peekHeader(wire)).toEqual({ id: 9, qr: true, opcode: 5, rd: true, cd: true });
    expect(peekHeader(wire.subarray(0, 12))).toBeDefined();
    expect(peekHeader(wire.subarray(0, 11))).toBeUndefined();
  });
});

describe('peekQuestion', () => {
  it('reads the question and where it ends, with anything behind it', () => {
    const wire = packet({ counts: [1, 3], body: `${question('wWw.example.test.', 28)}\xff\xff` });
    expect(peekQuestion(wire)).toEqual({
      name: parseName('www.example.test.'),
      spelling: nameToOctets('wWw.example.test.'),
      type: 28,
      class: 1,
      end: wire.length - 2,
    });
  });

  it.each([
    ['no question', packet({ body: question('a.') })],
    ['two questions', packet({ counts: [2], body: question('a.') + question('a.') })],
    ['256 questions', packet({ counts: [256], body: question('a.') })],
    ['a question cut short', packet({ counts: [1], body: question('a.').slice(0, -1) })],
    ['a compressed name', packet({ counts: [1], body: '\x01a\xc0\x0c\0\x01\0\x01' })],
    ['a name of 256 octets', packet({ counts: [1], body: `\x02aa${'\x01a'.repeat(126)}\0\0\x01\0\x01` })],
    ['a name without end', packet({ counts: [1], body: '\x01a' })],
    ['half a header', packet({}).subarray(0, 8)],
  ])('finds nothing in %s', (_what, wire) => {
    expect(peekQuestion(wire)).toBeUndefined();
  });

  it('reads the longest name', () => {
    const wire = packet({ counts: [1], body: `${'\x01a'.repeat(127)}\0\0\x01\0\x01` });
    expect(peekQuestion(wire)?.name.length).toBe(255);
  });
});

describe('questionMatches', () => {
  const response = (body: string): Buffer => packet({ counts: [1, 2], body: `${body}\x00\x00` });

  it('is the same only when every octet is', () => {
    expect(questionMatches(response(question('wWw.example.test.', 28)), query)).toBe('same');
    expect(questionMatches(response(question('www.example.test.', 28)), query)).toBe('case-differs');
  });

  it.each([
    ['another name', question('wWx.example.test.', 28)],
    ['a longer name', question('wWw.example.test.test.', 28)],
    ['another type', question('wWw.example.test.', 1)],
    ['another class', question('wWw.example.test.', 28, 3)],
    ['labels cut elsewhere', `\x0bwWw\x07example\x04test\0\0\x1c\0\x01`],
    ['nothing', ''],
  ])('does not take %s', (_what, body) => {
    expect(questionMatches(response(body), query)).toBe('no');
  });

  it('does not fold octets that only look like letters 32 apart', () => {
    const sent = packet({ counts: [1], body: '\x01@\0\0\x01\0\x01' });
    expect(questionMatches(packet({ counts: [1], body: '\x01`\0\0\x01\0\x01' }), sent)).toBe('no');
  });

  it('does not take a response without question', () => {
    expect(questionMatches(packet({}), query)).toBe('no');
  });
});
