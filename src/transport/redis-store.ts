/**
 * The shared store in Valkey or Redis.
 *
 * Uses GET and SET with an expiry and nothing else, in RESP2, which every version speaks. The package is loaded when a
 * store is opened and not before. It connects by itself, again and again; until it has, everything is refused at once, so
 * that nothing queues up for a server that is not there.
 * Limitations: one connection; no cluster.
 */
import type { SharedStore } from '../cache/shared-cache.js';

const CONNECT_LIMIT_MS = 2000;
const RECONNECT_FIRST_MS = 100;
const RECONNECT_LONGEST_MS = 5000;
/** A connection on which nothing comes back for so long is given up; pings see to it that something should. */
const SILENCE_LIMIT_MS = 15_000;
const PING_EVERY_MS = 5000;
const MAX_COMMANDS = 4000;

type Client = Awaited<ReturnType<typeof connect>>;

async function connect(url: string, onError: (error: Error) => void) {
  const { createClient, RESP_TYPES } = await import('redis');
  const client = createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    commandsQueueMaxLength: MAX_COMMANDS,
    pingInterval: PING_EVERY_MS,
    socket: {
      connectTimeout: CONNECT_LIMIT_MS,
      socketTimeout: SILENCE_LIMIT_MS,
      reconnectStrategy: (retries: number) =>
        Math.min(RECONNECT_LONGEST_MS, RECONNECT_FIRST_MS * 2 ** Math.min(retries, 10)),
    },
  });
  client.on('error', onError);
  return client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
}

export class RedisStore implements SharedStore {
  private client: Client | undefined;
  private closed = false;

  private constructor(private readonly onError: (error: Error) => void) {}

  /**
   * Begins to connect and returns at once.
   * @param url     `redis://[[user]:password@]host[:port][/database]`, `rediss://` for TLS
   * @param onError told of every failure of the connection, each try anew
   */
  static open(url: string, onError: (error: Error) => void): RedisStore {
    const store = new RedisStore(onError);
    void store.start(url);
    return store;
  }

  private async start(url: string): Promise<void> {
    try {
      const client = await connect(url, this.onError);
      if (this.closed) return;
      this.client = client;
      await client.connect();
    } catch (error) {
      if (!this.closed) this.onError(error as Error);
    }
  }

  async get(key: string): Promise<Buffer | undefined> {
    const value = await this.ready().get(key);
    return value ?? undefined;
  }

  async put(key: string, value: Buffer, ttlSec: number): Promise<void> {
    await this.ready().set(key, value, { expiration: { type: 'EX', value: ttlSec } });
  }

  private ready(): Client {
    if (!this.client?.isReady) throw new Error('not connected');
    return this.client;
  }

  async close(): Promise<void> {
    this.closed = true;
    // Nothing under way is waited for: whoever wanted it has gone on.
    if (this.client?.isOpen) this.client.destroy();
  }
}
