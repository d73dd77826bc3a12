/** `--no-native` reaches the validator. */
import { fileURLToPath } from 'node:url';
import { beforeEach, expect, test, vi } from 'vitest';
import { Stack } from '../../../src/compose/stack.js';
import { parseConfig } from '../../../src/config/load.js';
import { parseName } from '../../../src/dns/name.js';
import { RRClass, RRType } from '../../../src/dns/registry.js';
import { ecdsaVerifier } from '../../../src/dnssec/libcrypto.js';
import { silentLog } from '../../../src/server/log.js';

vi.mock('../../../src/dnssec/libcrypto.js', async (original) => {
  const real = await original<typeof import('../../../src/dnssec/libcrypto.js')>();
  return { ...real, ecdsaVerifier: vi.fn(real.ecdsaVerifier) };
});
beforeEach(() => {
  vi.mocked(ecdsaVerifier).mockClear();
});

const zonesDir = fileURLToPath(new URL('../../../zones', import.meta.url));
const question = { name: parseName('www.p256.signed.test.'), type: RRType.A, class: RRClass.IN };

async function security(native: boolean | undefined): Promise<string> {
  const config = parseConfig('listen: ["127.0.0.1:0"]', 'test');
  const options = { config, zonesDir, mockPort: 0, log: silentLog, version: 'test' };
  const stack = await Stack.create(native === undefined ? options : { ...options, native });
  try {
    const outcome = await stack.trace(question, { emit: () => {} });
    return outcome.kind === 'answer' ? outcome.security : outcome.kind;
  } finally {
    await stack.close(0);
  }
}

test('signatures are checked by calling OpenSSL directly, unless that is switched off', async () => {
  expect(await security(undefined)).toBe('secure');
  expect(ecdsaVerifier).toHaveBeenCalledWith('P-256');
});

test('with --no-native the same answer is secure by node:crypto', async () => {
  expect(await security(false)).toBe('secure');
  expect(ecdsaVerifier).not.toHaveBeenCalled();
});
