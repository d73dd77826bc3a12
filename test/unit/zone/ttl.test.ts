import { describe, expect, test } from 'vitest';
import { parseTtl } from '../../../src/zone/ttl.js';

describe('parseTtl', () => {
  test.each([
    ['0', 0],
    ['3600', 3600],
    ['1h30m', 5400],
    ['1H30M', 5400],
    ['2w', 1_209_600],
    ['1d1s', 86_401],
    ['2147483647', 2_147_483_647],
  ])('reads %s as %i seconds', (text, sec) => {
    expect(parseTtl(text)).toBe(sec);
  });

  test.each(['', 'A', 'IN', 'h', '1x', '1h30', '-1', '1.5h', '0x10'])('takes "%s" for no TTL', (text) => {
    expect(parseTtl(text)).toBeUndefined();
  });

  test.each(['2147483648', '4000w', '99999999999999999999'])('calls %s out of range', (text) => {
    expect(parseTtl(text)).toBe('range');
  });
});
