import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Internet } from '../../src/authority/internet.js';
import { loadInternet } from '../../src/authority/load.js';
import { formatName, parseName } from '../../src/dns/name.js';
import { RRClass, RRType } from '../../src/dns/registry.js';
import { type Clock, systemClock, VirtualClock } from '../../src/runtime/clock.js';
import { seededRandom } from '../../src/runtime/random.js';
import { decodeMessage } from '../../src/wire/decode.js';
import { encodeQuery } from '../../src/wire/encode.js';

const manifest = `port: 0
rootServers: [a]
servers: [{ id: a, name: a.test., addresses: [127.0.0.1], zones: [root.zone, test.zone] }]
`;
const zoneText = (address: string, more = '') =>
  `$TTL 60\ntest. SOA ns host 1 2 3 4 5\ntest. NS ns\nns A 192.0.2.1\nwww A ${address}\n${more}`;
const rootText = '$TTL 60\n. SOA ns host 1 2 3 4 5\n. NS ns\nns A 192.0.2.1\n';

interface Change {
  readonly apexes: readonly string[];
  readonly changed: readonly string[];
  /** What the server answered within the call. */
  readonly address: string | undefined;
}

let directory: string;
let stop: (() => void) | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'watch-test-'));
  writeFileSync(join(directory, 'internet.yaml'), manifest);
  write('test.zone', zoneText('192.0.2.7'));
  write('root.zone', rootText);
});
afterEach(() => {
  stop?.();
  rmSync(directory, { recursive: true, force: true });
});

function write(file: string, text: string): void {
  writeFileSync(join(directory, file), text);
}

/** The last octet of the address of www.test. as served now. */
function served(internet: Internet): string | undefined {
  const question = { name: parseName('www.test.'), type: RRType.A, class: RRClass.IN };
  const packet = encodeQuery({ id: 1, question, rd: false, cd: false });
  const reply = internet.answer('127.0.0.1', packet, 'udp', seededRandom(1));
  if (reply?.kind !== 'reply') return undefined;
  const decoded = decodeMessage(reply.packet);
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.message.answer[0]?.rdatas.map((rdata) => String(rdata.charCodeAt(3))).join();
}

class Watched {
  readonly changes: Change[] = [];
  readonly log: string[] = [];
  readonly internet: Internet;

  constructor(clock: Clock) {
    this.internet = loadInternet(directory).internet!;
    stop = this.internet.watch(
      clock,
      (apexes, changed) => {
        const names = (list: readonly Parameters<typeof formatName>[0][]) => list.map(formatName).sort();
        this.changes.push({ apexes: names(apexes), changed: names(changed), address: served(this.internet) });
      },
      (level, message) => this.log.push(`${level}: ${message}`),
    );
  }
}

describe('editing a zone file, found by the poll in virtual time', () => {
  test('swaps the zone and tells the changed names in the same step', async () => {
    const clock = new VirtualClock();
    const { internet, changes } = new Watched(clock);
    expect(served(internet)).toBe('7');
    write('test.zone', zoneText('192.0.2.8', 'new A 192.0.2.9\n'));
    await clock.advance(5000);
    expect(changes).toEqual([
      { apexes: ['test.'], changed: ['new.test.', 'test.', 'www.test.'], address: '8' },
    ]);
    expect(served(internet)).toBe('8');
  });

  test('tells of names that went away', async () => {
    const clock = new VirtualClock();
    write('test.zone', zoneText('192.0.2.7', 'old A 192.0.2.9\n'));
    const { changes } = new Watched(clock);
    write('test.zone', zoneText('192.0.2.7'));
    await clock.advance(5000);
    expect(changes.map((change) => change.changed)).toEqual([['old.test.', 'test.']]);
  });

  test('keeps the old zone when the new text has errors, says where, and takes the mended text', async () => {
    const clock = new VirtualClock();
    const { internet, changes, log } = new Watched(clock);
    write('test.zone', zoneText('not-an-address'));
    await clock.advance(5000);
    expect([served(internet), changes]).toEqual(['7', []]);
    expect(log).toHaveLength(1);
    expect(log[0]).toMatch(/^error: zone test\. keeps its old content: .*test\.zone:5:7: error: A data/);
    write('test.zone', zoneText('192.0.2.8'));
    await clock.advance(5000);
    expect(served(internet)).toBe('8');
  });

  test('keeps the old zone while the file is away, and takes a file that was renamed into place', async () => {
    const clock = new VirtualClock();
    const { internet } = new Watched(clock);
    renameSync(join(directory, 'test.zone'), join(directory, 'away'));
    await clock.advance(5000);
    expect(served(internet)).toBe('7');
    write('next', zoneText('192.0.2.8'));
    renameSync(join(directory, 'next'), join(directory, 'test.zone'));
    await clock.advance(5000);
    expect(served(internet)).toBe('8');
  });

  test('says of the manifest that a restart is needed, once for each change', async () => {
    const clock = new VirtualClock();
    const { internet, log } = new Watched(clock);
    await clock.advance(5000);
    expect(log).toEqual([]);
    write('internet.yaml', `${manifest}# more\n`);
    await clock.advance(5000);
    expect(log).toEqual([expect.stringMatching(/^warn: .*internet\.yaml changed; .* restart/)]);
    expect(served(internet)).toBe('7');
  });

  test('follows included files, also those that an edit has brought', async () => {
    const clock = new VirtualClock();
    const { internet } = new Watched(clock);
    write('hosts.inc', 'www A 192.0.2.20\n');
    write('test.zone', zoneText('192.0.2.7', '$INCLUDE hosts.inc\n'));
    await clock.advance(5000);
    expect(served(internet)).toBe('7,20');
    write('hosts.inc', 'www A 192.0.2.21\nwww A 192.0.2.22\n');
    await clock.advance(5000);
    expect(served(internet)).toBe('7,21,22');
  });

  test('takes an edit that was made between loading and watching', async () => {
    const clock = new VirtualClock();
    const internet = loadInternet(directory).internet!;
    write('test.zone', zoneText('192.0.2.8'));
    stop = internet.watch(clock, () => {});
    await clock.advance(5000);
    expect(served(internet)).toBe('8');
  });

  test('says nothing of a file that was written without a change of content', async () => {
    const clock = new VirtualClock();
    const { changes } = new Watched(clock);
    write('test.zone', `; a comment more\n${zoneText('192.0.2.7')}`);
    await clock.advance(5000);
    expect(changes).toEqual([]);
  });

  test('does nothing after it was stopped', async () => {
    const clock = new VirtualClock();
    const { internet } = new Watched(clock);
    stop!();
    write('test.zone', zoneText('192.0.2.8'));
    await clock.advance(5000);
    expect([served(internet), clock.pending]).toEqual(['7', false]);
  });
});

test('an edit is served within seconds by the real clock, whoever notices it first', async () => {
  const { internet, changes } = new Watched(systemClock);
  write('test.zone', zoneText('192.0.2.8'));
  await expect.poll(() => changes.length, { timeout: 15_000, interval: 20 }).toBe(1);
  expect(served(internet)).toBe('8');
});
