import { beforeAll, describe, expect, it } from 'vitest';
import type { Recording } from '../../../../src/compose/recording/recording.js';
import { RecordingError } from '../../../../src/compose/recording/recording-error.js';
import {
  loadRecording,
  parseRecording,
  recordingText,
} from '../../../../src/compose/recording/recording-file.js';
import type { JsonObject } from '../../../../src/observe/sinks/json.js';
import { recordOver } from '../../../support/recorded-walk.js';

let recording: Recording;
let text = '';
beforeAll(async () => {
  ({ recording } = await recordOver('www.expired.bogus.test'));
  text = recordingText(recording);
});

/** What is said about the file after `change` of its JSON. */
function complaint(change: (json: JsonObject & { exchanges: JsonObject[] }) => unknown): string {
  const json = JSON.parse(text) as JsonObject & { exchanges: JsonObject[] };
  change(json);
  return complaintAbout(`${JSON.stringify(json, undefined, 2)}\n`);
}

function complaintAbout(changed: string): string {
  try {
    parseRecording(changed, 'r.json');
  } catch (error) {
    if (error instanceof RecordingError) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}

/** The line, from 1, on which `words` stand first. */
function lineWith(words: string, at = 0): number {
  return text.slice(0, text.indexOf(words, at)).split('\n').length;
}

describe('the file of a recording', () => {
  it('is read to what was written', () => {
    expect(parseRecording(text, 'r.json')).toEqual(recording);
  });

  it('shows each question beside its octets', () => {
    const { exchanges } = JSON.parse(text) as { exchanges: JsonObject[] };
    expect(exchanges.length).toBeGreaterThan(5);
    expect(exchanges[1]).toMatchObject({ question: 'test. A', zone: '.', transport: 'udp' });
    expect(exchanges[1]!.server).toMatch(/^127\.53\.0\.\d@53$/);
  });

  it('is refused when it is not all there, with the line where it stops', () => {
    const half = text.slice(0, text.length / 2);
    expect(complaintAbout(half)).toBe(`r.json:${half.split('\n').length}: not JSON, or not all of it`);
    expect(complaintAbout('')).toMatch(/^r\.json.*: not JSON/);
  });

  it('is refused when it is something else, or of another version', () => {
    expect(complaintAbout('{"name": "stratadns"}')).toBe(
      'r.json:1: no recording of stratadns: it has no "stratadns-recording"',
    );
    for (const other of ['null', '[]', '3', '"text"']) expect(complaintAbout(other)).toMatch(/no recording/);
    expect(complaint((json) => Object.assign(json, { 'stratadns-recording': 2 }))).toBe(
      'r.json:2: /stratadns-recording: this version reads format 1, and not 2',
    );
  });

  it.each([
    ['an unknown key', { note: 'x' }, /\/exchanges\/2\/note: unknown key/],
    ['a missing key', { zone: undefined }, /\/exchanges\/2\/zone: expected a domain name/],
    ['a bad address', { server: 'ns1@53' }, /\/exchanges\/2\/server: expected a server/],
    ['a bad port', { server: '192.0.2.1@70000' }, /server: expected a server/],
    ['a bad name', { zone: 'a..b' }, /zone: expected a domain name/],
    ['a bad type', { question: 'a. NOPE' }, /question: expected a name and a type/],
    ['a fault nobody knows', { fault: 'gone' }, /fault: expected one of timeout,/],
    ['a time without end', { tookMs: 1e12 }, /tookMs: expected at most 600000/],
    ['a negative time', { sentMs: -1 }, /sentMs: expected milliseconds/],
    ['bad base64', { query: 'AAA' }, /query: expected octets in base64/],
    ['no query', { query: undefined }, /query: missing, though there is no fault/],
    ['no response', { response: undefined }, /response: missing, though there is no fault/],
    ['octets that are no query', { query: 'AAAA' }, /query: no DNS query/],
    ['another question', { question: 'b.test. A' }, /query: asks for .*, and not for b\.test\. A/],
    [
      'a response to another query',
      { response: 'AAAAAAAAAAAAAAAA' },
      /response: does not answer its query \(mismatch\)/,
    ],
  ])('is refused with %s in it, at line and pointer', (_what, change, says) => {
    const said = complaint(({ exchanges }) => Object.assign(exchanges[2]!, change));
    expect(said).toMatch(says);
    const third = lineWith('"question"', text.indexOf('"exchanges"')) + 2;
    expect(Number(/^r\.json:(\d+): /.exec(said)![1])).toBeGreaterThan(third);
  });

  it('is refused when its outcome cannot be', () => {
    expect(complaint(({ outcome }) => Object.assign(outcome as object, { RCODE: 'NOERROR' }))).toMatch(
      /\/outcome\/RCODE: expected SERVFAIL with failure/,
    );
    expect(complaint((json) => Object.assign(json, { recordedAt: 'today' }))).toMatch(
      /\/recordedAt: expected a date/,
    );
  });

  it('is refused when its configuration would open files or sockets, or is wrong', () => {
    const withConfig = (config: unknown) => complaint((json) => Object.assign(json, { config }));
    for (const [config, pointer] of [
      [{ cache: { shared: { url: 'redis://127.0.0.1' } } }, '/config/cache/shared'],
      [{ cache: { persist: { path: '/etc/passwd' } } }, '/config/cache/persist'],
      [{ dnssec: { anchorState: '/tmp/x' } }, '/config/dnssec/anchorState'],
      [{ policy: { hosts: ['/etc/hosts'] } }, '/config/policy'],
      [{ http: { token: 'x' } }, '/config/http'],
    ] as const) {
      expect(withConfig(config)).toContain(`${pointer}: is no part of the configuration of a recording`);
    }
    expect(withConfig({ upstream: { port: 'x' } })).toMatch(
      /\/config\/upstream\/port: expected a whole number/,
    );
    expect(withConfig({ stub: [{ zone: 'a', servers: ['x'] }] })).toMatch(
      /\/config\/stub\/0\/servers\/0: expected/,
    );
    expect(withConfig([])).toMatch(/\/config: expected a configuration/);
  });

  it('names at most ten problems', () => {
    const said = complaint((json) => {
      json.exchanges = Array.from({ length: 20 }, () => ({}));
    });
    expect(said.split('\n')).toHaveLength(11);
    expect(said).toMatch(/r\.json: and \d+ more$/);
  });

  it('is refused when there is none', () => {
    expect(() => loadRecording('/nonexistent.json')).toThrow(/^\/nonexistent\.json: cannot be read: ENOENT/);
  });

  it('takes a datagram without octets, as servers may send one', () => {
    const json = JSON.parse(text);
    json.exchanges[0].response = '';
    json.exchanges[0].fault = 'malformed';
    const [first] = parseRecording(JSON.stringify(json), 'r.json').exchanges;
    expect(first?.response).toHaveLength(0);
  });
});
