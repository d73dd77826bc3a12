/**
 * The page in a real browser: a whole server over the mock internet of `zones/`, its HTTP side, Chromium and dig.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';
import { readConfiguration } from '../../src/cli/configuration.js';
import { Stack } from '../../src/compose/stack.js';
import { createHttpServer, type HttpServer } from '../../src/observe/http/server.js';
import { systemClock } from '../../src/runtime/clock.js';
import { silentLog } from '../../src/server/log.js';

const inPage = fileURLToPath(new URL('./in-page.js', import.meta.url));
const zonesDir = fileURLToPath(new URL('../../zones', import.meta.url));

/** A Chromium of playwright-core or in PATH; undefined where there is none. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const installed = folders.flatMap((folder) =>
    ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)),
  );
  return [chromium.executablePath(), ...installed].find((path) => existsSync(path));
}

export function hasDig(): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'dig')));
}

/** A page, and what it must not do: complain, ask elsewhere, break its own policy. */
export interface WatchedPage {
  readonly page: Page;
  readonly complaints: string[];
  readonly hosts: Set<string>;
}

export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  const hosts = new Set<string>();
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol !== 'data:') hosts.add(url.host);
  });
  await page.addInitScript({ path: inPage });
  return { page, complaints, hosts };
}

export interface LiveInternet {
  readonly url: string;
  readonly stack: Stack;
  dig(...args: string[]): Promise<string>;
  /** Ends the HTTP side only, as a crash would. */
  stopHttp(): Promise<void>;
  startHttp(): Promise<void>;
  close(): Promise<void>;
}

/** A server on free ports. */
export async function startInternet(): Promise<LiveInternet> {
  const config = readConfiguration({ listen: ['127.0.0.1:0'] });
  const stack = await Stack.create({ config, zonesDir, mockPort: 0, log: silentLog, version: '9.9.9' });
  await stack.start();
  let http: HttpServer | undefined;
  let httpPort = 0;
  const startHttp = async () => {
    http = createHttpServer({
      address: '127.0.0.1',
      port: httpPort,
      token: null,
      control: stack,
      clock: systemClock,
      limits: { requestsPerSec: 1000, streamsPerClient: 32 },
    });
    httpPort = (await http.listen()).port;
  };
  await startHttp();
  const dnsPort = stack.listeners.find(({ transport }) => transport === 'udp')!.port;
  return {
    url: `http://127.0.0.1:${httpPort}/`,
    stack,
    dig: (...args) => dig(dnsPort, args),
    startHttp,
    stopHttp: async () => http?.close(),
    async close() {
      await http?.close();
      await stack.close(0);
    },
  };
}

function dig(port: number, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const all = ['@127.0.0.1', '-p', String(port), '+tries=1', '+time=9', ...args];
    execFile('dig', all, { timeout: 12_000 }, (error, out) => {
      if (error && (error.killed || typeof error.code === 'string')) reject(error);
      else resolve(out);
    });
  });
}

/** What one of the functions in `in-page.js` says. */
export function probe<T>(page: Page, call: string): Promise<T> {
  return page.evaluate(`probes.${call}`);
}

export async function textOf(locator: Locator): Promise<string> {
  return (await locator.textContent()) ?? '';
}
