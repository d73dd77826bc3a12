import { describe, expect, it } from 'vitest';
import { builtinTrustAnchors } from '../../../src/config/builtin.js';
import { parseTrustAnchor, uselessAnchor } from '../../../src/config/trust-anchor.js';

const sha256 = 'E0'.repeat(32);

describe('a trust anchor that can be read and not be used', () => {
  it.each([
    [`. DS 1 8 1 ${sha256}`, /type 1 has 40 hexadecimal digits, not 64/],
    ['. DS 1 8 2 ABCD', /type 2 has 64 hexadecimal digits, not 4/],
    [`. DS 1 8 200 ${sha256}`, /digest type 200 is not supported/],
    [`. DS 1 3 2 ${sha256}`, /algorithm 3 is not supported/],
    [`. DNSKEY 257 3 250 ${Buffer.alloc(32).toString('base64')}`, /algorithm 250 is not supported/],
  ])('%s says why', (line, why) => {
    expect(uselessAnchor(parseTrustAnchor(line))).toMatch(why);
  });

  it('is none of those that can', () => {
    const good = [`. DS 1 8 2 ${sha256}`, `test. DS 1 13 4 ${'0A'.repeat(48)}`].map(parseTrustAnchor);
    expect([...good, ...builtinTrustAnchors].map(uselessAnchor)).toEqual(
      [...good, ...builtinTrustAnchors].map(() => undefined),
    );
  });
});
