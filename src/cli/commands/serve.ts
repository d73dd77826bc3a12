/**
 * `stratadns serve`: listeners, HTTP, signals, in one process.
 */
import type { Logger } from 'pino';
import { MockInternet, ZonesError } from '../../compose/mock-internet.js';
import { openServer } from '../../compose/open-server.js';
import type { RunningServer } from '../../compose/running-server.js';
import type { Config } from '../../config/fields.js';
import type { HttpServer } from '../../observe/http/server.js';
import { systemClock } from '../../runtime/clock.js';
import { compileEarly } from '../../runtime/early-compilation.js';
import { secureRandom } from '../../runtime/random.js';
import { type ConfigOptions, readConfiguration } from '../configuration.js';
import { CliError, ExitCode, type Io } from '../io.js';
import { makeLogger, queryLogger } from '../logger.js';
import { namingPolicyFiles } from '../policy-problems.js';
import { Reloader } from '../reload.js';
import { holdReload, logStrayErrors, untilStopped } from '../signals.js';
import { packageVersion } from '../version.js';
import { problemLines } from './check.js';

export interface ServeOptions extends ConfigOptions {
  readonly zones?: string;
  /** False for `--no-native`. */
  readonly native?: boolean;
}

/** How long queries under way may take to finish after SIGTERM. */
const DRAIN_MS = 3000;

/** Serves until a signal ends it. */
export async function serve(options: ServeOptions, io: Io): Promise<void> {
  const askedToReload = holdReload();
  try {
    const config = readConfiguration(options);
    const work = () => serveAs({ config, askedToReload }, options, io);
    await namingPolicyFiles({ file: options.config, config }, work);
  } finally {
    askedToReload();
  }
}

interface Beginning {
  readonly config: Config;
  /** Of {@link holdReload}. */
  askedToReload(): boolean;
}

async function serveAs({ config, askedToReload }: Beginning, options: ServeOptions, io: Io): Promise<void> {
  const log = makeLogger(config.log.level);
  logStrayErrors(log);
  const server = await open(config, options, log);
  const reloader = new Reloader(server, config, options, log);
  let http: HttpServer | undefined;
  let httpAt: string | undefined;
  try {
    await server.start();
    if (config.http.enabled) {
      http = await makeHttpServer(config, server, reloader, log);
      httpAt = await listenHttp(http, config);
    }
  } catch (error) {
    await server.close(0);
    throw error;
  }
  // Signals are heeded before the ready line invites them.
  const stopped = untilStopped(log, {
    reload: () => void reloader.reload(),
    close: async () => {
      await server.close(DRAIN_MS);
      await http?.close();
    },
  });
  announce(server, httpAt, log, io);
  if (askedToReload()) void reloader.reload();
  compileEarly();
  await stopped;
}

async function open(config: Config, options: ServeOptions, log: Logger): Promise<RunningServer> {
  const logQuery = config.log.queries ? queryLogger(log, config.log.querySampling) : undefined;
  const { zones: zonesDir, native } = options;
  const version = packageVersion();
  return withZoneProblems(() => openServer({ config, zonesDir, log, version, logQuery, native }));
}

/** Turns problems of zone files into the lines that `check` prints. */
export async function withZoneProblems<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ZonesError)) throw error;
    throw new CliError(ExitCode.misused, problemLines(error.problems).join('\n'));
  }
}

/** Loaded only here: queries are answered already while the HTTP framework is read from disk. */
async function makeHttpServer(
  config: Config,
  server: RunningServer,
  reloader: Reloader,
  log: Logger,
): Promise<HttpServer> {
  const { createHttpServer } = await import('../../observe/http/server.js');
  const { address, port, token } = config.http;
  const onError = (error: unknown) => log.error({ err: error }, 'an HTTP request failed; this is a bug');
  const reload = () => reloader.reload();
  return createHttpServer({ address, port, token, control: server, clock: systemClock, onError, reload });
}

async function listenHttp(http: HttpServer, { http: { address, port } }: Config): Promise<string> {
  try {
    const at = await http.listen();
    return `http://${hostPort(at.address, at.port)}`;
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    throw new CliError(
      ExitCode.failed,
      `cannot listen on ${hostPort(address, port)} (http): ${String(code)}: choose another with --http or http.port`,
    );
  }
}

function hostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The one line that says every socket listens; before it, for people, what to try. */
function announce(server: RunningServer, http: string | undefined, log: Logger, io: Io): void {
  const udp = server.listeners.filter(({ transport }) => transport === 'udp');
  const [first] = udp;
  const tryIt = first && digLine(first.address, first.port);
  if (tryIt) io.err(`\n  Try:  ${tryIt}\n${http === undefined ? '' : `  Page: ${http}/\n`}\n`);
  const listen = udp.map(({ address, port }) => hostPort(address, port));
  const mock = server.mockInternet;
  log.info({ listen, http, ...(mock ? { mock } : {}), try: tryIt }, 'ready');
}

function digLine(address: string, port: number): string {
  const reachable = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
  return `dig @${reachable} -p ${port} www.example.com`;
}

/** `stratadns mock`: only the mock internet, for other resolvers. */
export async function mock(options: { readonly zones: string }, io: Io): Promise<void> {
  const log = makeLogger('info');
  logStrayErrors(log);
  const internet = await withZoneProblems(() =>
    MockInternet.open(options.zones, systemClock, secureRandom(), log),
  );
  internet.watch(systemClock, log, (apexes) => log.info({ zones: apexes.length }, 'zones reloaded'));
  const stopped = untilStopped(log, { close: () => internet.close() });
  const { port, rootHints } = internet.root;
  const root = rootHints[0]?.addresses[0];
  const tryIt = root && `dig @${root} -p ${port} . NS +norecurse`;
  if (tryIt) io.err(`\n  Try:  ${tryIt}\n\n`);
  log.info({ ...internet.summary, try: tryIt }, 'ready');
  await stopped;
}
