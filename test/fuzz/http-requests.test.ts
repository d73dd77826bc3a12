/**
 * Any octets against the HTTP server. The rules: it answers with a status line of HTTP or closes, no handler meets an
 * error that it did not expect, nothing is flushed or reloaded, and a plain request is answered afterwards.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../src/runtime/random.js';
import { fuzzRounds, fuzzSeed, fuzzTimeoutMs } from '../support/fuzz-settings.js';
import { type Running, startHttp } from '../unit/observe/http/http-client.js';

const limits = { requestsPerSec: 1_000_000, tracesPerSec: 1_000_000 };
let http: Running;
beforeAll(async () => {
  http = await startHttp({ limits });
});
afterAll(() => http.close());

const METHODS = ['GET', 'HEAD', 'DELETE', 'POST', 'PUT', 'OPTIONS', 'TRACE', 'CONNECT', 'get', 'G\0T', ''];
const PATHS = [
  '/',
  '/stats',
  '/metrics',
  '/health',
  '/trace',
  '/cache',
  '/page/main.js',
  '/reload',
  '//',
  '*',
  '/..',
];
const KEYS = ['name', 'type', 'subtree', 'layer', 'fresh', '__proto__', 'constructor', 'name[]', ''];
const VALUES = [
  'shop.test',
  '',
  '%00',
  '%ff',
  '%',
  '..',
  'a'.repeat(300),
  '%2e%2e/etc',
  'A',
  'TYPE99999',
  '-1',
  '\\255',
  '[object',
];

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.below(from.length)]!;
}

function request(random: Random): string {
  const query = Array.from(
    { length: random.below(4) },
    () => `${pick(random, KEYS)}=${pick(random, VALUES)}`,
  ).join('&');
  const headers = [
    'Host: 127.0.0.1',
    'Connection: close',
    // As from another site, so that what changes state must be refused.
    'Origin: http://evil.example',
    ...(random.below(3) === 0 ? [`Content-Length: ${pick(random, ['0', '5', '-1', '99999999', 'x'])}`] : []),
    ...(random.below(4) === 0
      ? [`Transfer-Encoding: ${pick(random, ['chunked', 'gzip', 'chunked, chunked'])}`]
      : []),
    ...(random.below(4) === 0
      ? [`Accept: ${pick(random, ['*/*', 'text/event-stream', ';;;', '\x01'])}`]
      : []),
    ...(random.below(5) === 0
      ? [`Authorization: ${pick(random, ['Bearer', 'Bearer \xff', 'Basic x'])}`]
      : []),
  ];
  const path = `${pick(random, PATHS)}${query === '' ? '' : `?${query}`}`;
  const version = random.below(8) > 0 ? 'HTTP/1.1' : pick(random, ['HTTP/1.0', 'HTTP/9.9', '']);
  const text = `${random.below(2) === 0 ? 'GET' : pick(random, METHODS)} ${path} ${version}\r\n${headers.join('\r\n')}\r\n\r\n`;
  const body = random.below(4) === 0 ? '5\r\nhello\r\n0\r\n\r\n' : '';
  return mutated(random, text + body);
}

function mutated(random: Random, text: string): string {
  if (random.below(3) > 0) return text;
  const at = random.below(text.length);
  const char = String.fromCharCode(random.below(256));
  return random.below(2) === 0
    ? text.slice(0, at) + char + text.slice(at + 1)
    : `${text.slice(0, at)}\r\n\r\n`;
}

it('is answered or refused, and changes nothing', { timeout: fuzzTimeoutMs }, async () => {
  const random = seededRandom(fuzzSeed(9110));
  let answered = 0;
  for (let i = 0; i < fuzzRounds(300); i += 10) {
    const replies = await Promise.all(
      Array.from({ length: 10 }, () => {
        const text = request(random);
        // A live stream or a kept connection would not end by itself.
        return /event/.test(text) || !/Connection: close/.test(text) ? '' : http.raw(text);
      }),
    );
    for (const reply of replies) {
      if (reply !== '') expect(reply).toMatch(/^HTTP\/1\.[01] [1-5]\d\d /);
      if (/^HTTP\/1\.[01] 200 /.test(reply)) answered++;
      expect(reply).not.toMatch(/^HTTP\/1\.[01] 500 /);
    }
  }
  expect(http.errors).toEqual([]);
  expect(http.control.flushed).toEqual([]);
  expect(answered).toBeGreaterThan(5);
  expect((await http.send('/health')).status).toBe(200);
});
