/**
 * The shared cache as the configuration wants it: client, guard, codec, and the lines in the log.
 */
import { GuardedStore, type SharedStore } from '../cache/shared-cache.js';
import type { Config } from '../config/fields.js';
import { SharedLinkCodec } from '../resolver/shared-link-codec.js';
import { SharedLinks } from '../resolver/shared-links.js';
import type { Clock } from '../runtime/clock.js';
import type { ServerLog } from '../server/log.js';
import { RedisStore } from '../transport/redis-store.js';

/** Shown of the fingerprint in keys: enough that other settings do not meet by chance. */
const PREFIX_OCTETS = 6;

export interface SharedLinksOptions {
  readonly config: Config;
  readonly fingerprint: Buffer;
  readonly clock: Clock;
  readonly log: ServerLog;
  /** In place of the client that the configuration asks for. */
  readonly store?: SharedStore | undefined;
}

/** Undefined when nothing is to be shared. Connects in the background. */
export function makeSharedLinks(options: SharedLinksOptions): SharedLinks | undefined {
  const { config, fingerprint, clock, log } = options;
  const { url, timeoutMs, secret } = config.cache.shared;
  if (url === null || secret === null) return undefined;
  const server = new URL(url).host; // without what may be a password
  let lastReason = '';
  const store =
    options.store ??
    RedisStore.open(url, (error) => {
      // Each try to connect fails anew; a reason is worth one line.
      const reason = reasonOf(error);
      if (reason !== lastReason) log.warn({ server, reason }, 'the shared cache cannot be reached');
      lastReason = reason;
    });
  const guarded = new GuardedStore(store, clock, timeoutMs, (state) => {
    if (state === 'open') log.warn({ server }, 'the shared cache does not answer; going on without it');
    else log.info({ server }, 'the shared cache answers again');
    lastReason = '';
  });
  return new SharedLinks({
    store: guarded,
    codec: new SharedLinkCodec(secret, fingerprint),
    clock,
    keyPrefix: `stratadns:1:${fingerprint.toString('hex', 0, PREFIX_OCTETS)}`,
    acceptUnchecked: config.dnssec.mode === 'off',
  });
}

function reasonOf(error: Error): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? (message === '' ? error.name : message);
}
