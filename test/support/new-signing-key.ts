/** Keys of any algorithm for tests: new ones, but for RSA those of the mock internet's org. zone. */
import { readFileSync } from 'node:fs';
import { Algorithm } from '../../src/dnssec/algorithms.js';
import { KEY_FLAG_SEP } from '../../src/dnssec/records.js';
import { generateSigningKey, readSigningKey, type SigningKey } from '../../src/dnssec/signing-key.js';

const rsaAlgorithms: readonly number[] = [
  Algorithm.RSASHA1,
  Algorithm.RSASHA1_NSEC3_SHA1,
  Algorithm.RSASHA256,
  Algorithm.RSASHA512,
];

/** RSA keys are one for each value of the SEP flag. */
export function newSigningKey(algorithm: number, flags: number): SigningKey {
  if (!rsaAlgorithms.includes(algorithm)) return generateSigningKey(algorithm, flags);
  const file = (flags & KEY_FLAG_SEP) === 0 ? 'org.zsk.pem' : 'org.ksk.pem';
  const pem = readFileSync(new URL(`../../zones/keys/${file}`, import.meta.url), 'utf8');
  return readSigningKey(algorithm, flags, pem);
}
