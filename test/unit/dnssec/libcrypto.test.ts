/** An OpenSSL that cannot be trusted is not used. */
import { describe, expect, test } from 'vitest';
import { EcdsaVerifier, type LibCrypto } from '../../../src/dnssec/libcrypto.js';

const lib: LibCrypto = {
  newKey: () => ({}),
  setPoint: () => 1,
  verify: () => 1,
  sha256: () => ({}),
  sha384: () => ({}),
  clearErrors: () => {},
};

describe.each(['P-256', 'P-384'] as const)('%s is left to node:crypto when', (curve) => {
  test('the library takes any signature', () => {
    expect(EcdsaVerifier.open(lib, curve)).toBeUndefined();
  });

  test('the library takes none', () => {
    expect(EcdsaVerifier.open({ ...lib, verify: () => 0 }, curve)).toBeUndefined();
    expect(EcdsaVerifier.open({ ...lib, verify: () => -1 }, curve)).toBeUndefined();
  });

  test('the library takes no key, or has no such curve', () => {
    expect(EcdsaVerifier.open({ ...lib, setPoint: () => 0 }, curve)).toBeUndefined();
    expect(EcdsaVerifier.open({ ...lib, newKey: () => null }, curve)).toBeUndefined();
  });

  test('points off the curve pass', () => {
    // Right about all but the key: the wrong text and signature are told by the count of calls.
    const answers = [1, 0, 0, 1, 1];
    const made = EcdsaVerifier.open({ ...lib, verify: () => answers.shift() ?? 0 }, curve);
    expect(made).toBeUndefined();
  });
});

test('a library that is right about the known answers is used, and its errors are taken off the queue', () => {
  const answers = [1, 0, 0, 1];
  const points = [1, 1, 1, 0, 1];
  let cleared = 0;
  const made = EcdsaVerifier.open(
    {
      ...lib,
      verify: () => answers.shift() ?? 0,
      setPoint: () => points.shift() ?? 0,
      clearErrors: () => cleared++,
    },
    'P-256',
  );
  expect(made).toBeDefined();
  expect(cleared).toBe(3);
});
