/**
 * A DnsServer on real sockets of the loopback, over a fake resolver, and `dig` or `kdig` to ask it.
 */
import { execFile } from 'node:child_process';
import { HeapStubCache } from '../../src/cache/heap-stub-cache.js';
import { systemClock } from '../../src/runtime/clock.js';
import { DnsServer, type ServerParts } from '../../src/server/server.js';
import { defaultServerSettings, type ServerSettings } from '../../src/server/settings.js';
import { openTcpListener } from '../../src/transport/tcp-listener.js';
import { openUdpListener } from '../../src/transport/udp-listener.js';
import { type Answering, FakeLog, FakeRecorder, FakeResolver } from './server-harness.js';

export interface LiveServer {
  readonly server: DnsServer;
  readonly port: number;
  readonly resolver: FakeResolver;
  readonly recorder: FakeRecorder;
  readonly log: FakeLog;
  readonly stubCache: HeapStubCache;
  dig(...args: string[]): Promise<string>;
  kdig(...args: string[]): Promise<string>;
}

/** Longest that a client program may take. */
const CLIENT_LIMIT_MS = 15_000;

export async function startLive(
  answering: Answering,
  settings: Partial<ServerSettings> = {},
  listen: { address?: string; port?: number } = {},
  more: Partial<Pick<ServerParts, 'stubCache' | 'lane'>> = {},
): Promise<LiveServer> {
  const { address = '127.0.0.1', port: wanted = 0 } = listen;
  const resolver = new FakeResolver(answering);
  const recorder = new FakeRecorder();
  const log = new FakeLog();
  const stubCache = new HeapStubCache({ clock: systemClock, maxOctets: 1 << 20 });
  const server = new DnsServer({
    listen: [{ address, port: wanted }],
    openUdp: (options, handler, fastLane) => openUdpListener({ ...options, fastLane }, handler),
    openTcp: openTcpListener,
    resolver,
    stubCache,
    clock: systemClock,
    recorder,
    log,
    settings: { ...defaultServerSettings, ...settings },
    ...more,
  });
  await server.start();
  const { port } = server.listeners[0]!;
  const client =
    (program: string, once: string) =>
    (...args: string[]) =>
      run(program, [`@${address}`, '-p', String(port), '+time=5', once, ...args]);
  const programs = { dig: client('dig', '+tries=1'), kdig: client('kdig', '+retry=0') };
  return { server, port, resolver, recorder, log, stubCache, ...programs };
}

/** Standard output of a client, whatever its exit status: an error response is one of the things to see. */
function run(program: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: CLIENT_LIMIT_MS }, (error, stdout, stderr) => {
      if (error && (error.killed || typeof error.code === 'string')) reject(error);
      else resolve(stdout + stderr);
    });
  });
}

/** The RCODE, flags, EDE lines and records that dig printed. */
export interface DigOutput {
  readonly status: string | undefined;
  readonly opcode: string | undefined;
  readonly flags: readonly string[];
  readonly text: string;
  /** Lines of records of a section, white space folded. */
  section(name: 'QUESTION' | 'ANSWER' | 'AUTHORITY'): string[];
}

export function readDig(text: string): DigOutput {
  const section = (name: string) => {
    const body = new RegExp(`;; ${name} SECTION:\\n((?:.+\\n)*)`).exec(text)?.[1] ?? '';
    return body.split('\n').flatMap((line) => (line === '' ? [] : [line.replace(/\s+/g, ' ')]));
  };
  return {
    status: /status: ([A-Z0-9]+)/.exec(text)?.[1],
    opcode: /opcode: ([A-Z0-9]+)/.exec(text)?.[1],
    flags: (/;; flags: ([a-z ]*);/.exec(text)?.[1] ?? '').split(' '),
    text,
    section,
  };
}
