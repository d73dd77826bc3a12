/**
 * What makes an answer right, as 32 octets: settings that decide where data comes from and what is believed.
 *
 * Data kept outside the process, in a file or in a shared store, carries this; under another one it is not used.
 * Settings that only say how long data is kept, or who may ask, do not matter here.
 */
import { createHash } from 'node:crypto';
import type { Config } from '../config/fields.js';
import type { MockRoot } from './mock-internet.js';

export function answerFingerprint(config: Config, mock: MockRoot | undefined): Buffer {
  const { mode, trustAnchors, negativeTrustAnchors, clockSkewMs, sha1, overrideDateSec } = config.dnssec;
  const deciding = {
    dnssec: { mode, trustAnchors, negativeTrustAnchors, clockSkewMs, sha1, overrideDateSec },
    forward: config.forward,
    stub: config.stub,
    rootHints: mock?.rootHints ?? config.rootHints,
    mockAnchors: mock?.trustAnchors ?? [],
    port: config.upstream.port,
    specialUse: config.specialUse,
  };
  return createHash('sha256').update(JSON.stringify(deciding)).digest();
}
