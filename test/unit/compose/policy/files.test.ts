import { EventEmitter } from 'node:events';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { imageStamp, PolicyFiles } from '../../../../src/compose/policy/files.js';
import { openPolicy } from '../../../../src/compose/policy/load.js';
import { type LoadAside, loadAside, type PartReport } from '../../../../src/compose/policy/loader-thread.js';
import type { PolicyConfig, PolicyImage, PolicyPart } from '../../../../src/compose/policy/parts.js';
import { FileInMotionError, PolicyFileError, PolicyReader } from '../../../../src/compose/policy/reader.js';
import { parseConfig } from '../../../../src/config/load.js';
import { parseName } from '../../../../src/dns/name.js';
import { RRClass, RRType } from '../../../../src/dns/registry.js';
import { VirtualClock } from '../../../../src/runtime/clock.js';
import { FakeLog } from '../../../support/server-harness.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stratadns-policy-files-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (name: string) => join(folder, name);
const names = (count: number, of: string) =>
  Array.from({ length: count }, (_, i) => `n${i}.${of}\n`).join('');

function config(policy: object, views: readonly object[] = []): PolicyConfig {
  return parseConfig(JSON.stringify({ policy, views }), 'config');
}

const lists = (...listed: readonly string[]) => ({
  lists: listed.map((name) => ({ path: file(name), format: 'domains', action: 'nxdomain' })),
});

/** Loads in this thread, and notes what. */
class Loads {
  readonly asked: (readonly PolicyPart[])[] = [];
  /** Awaited before each load. */
  gate: Promise<void> = Promise.resolve();
  readonly load: LoadAside = async (parts) => {
    this.asked.push(parts);
    await this.gate;
    return loadAside()(parts);
  };
}

function setUp(of: PolicyConfig, load?: LoadAside) {
  const clock = new VirtualClock();
  const log = new FakeLog();
  const loads = new Loads();
  const files = new PolicyFiles(of, { clock, log, load: load ?? loads.load });
  return { clock, log, loads, files };
}

const blocked = (of: PolicyConfig, image: PolicyImage, name: string) =>
  openPolicy(of, image).everybody.policy?.before({
    name: parseName(name),
    type: RRType.A,
    class: RRClass.IN,
  }) !== undefined;

describe('policy files', () => {
  it('are loaded again at a reload only where they have changed', async () => {
    writeFileSync(file('a'), 'a.test\n');
    writeFileSync(file('b'), 'b.test\n');
    const both = config(lists('a', 'b'));
    const { files, loads } = setUp(both);
    const before = files.image;
    expect(await files.reload(both)).toBe(before);
    expect(loads.asked).toEqual([]);
    writeFileSync(file('b'), 'b.test\nlate.test\n');
    const after = await files.reload(both);
    expect(loads.asked).toMatchObject([[{ list: { path: file('b') } }]]);
    expect(['a.test.', 'b.test.', 'late.test.'].map((name) => blocked(both, after, name))).toEqual([
      true,
      true,
      true,
    ]);
    const one = config(lists('a'));
    expect(blocked(one, await files.reload(one), 'b.test.')).toBe(false);
    expect(loads.asked).toHaveLength(1);
  });

  it('hold as they were until the new ones are whole', async () => {
    writeFileSync(file('a'), 'old.test\n');
    const of = config(lists('a'));
    const { files, loads } = setUp(of);
    let open = () => {};
    loads.gate = new Promise((resolve) => {
      open = resolve;
    });
    writeFileSync(file('a'), 'brand-new.test\n');
    const reloading = files.reload(of);
    await new Promise(setImmediate);
    expect(blocked(of, files.image, 'old.test.')).toBe(true);
    open();
    const after = await reloading;
    expect(files.image).toBe(after);
    expect(['old.test.', 'brand-new.test.'].map((name) => blocked(of, after, name))).toEqual([false, true]);
  });

  it('that cannot be used change nothing, and are named with line and column', async () => {
    writeFileSync(file('a'), 'a.test\n');
    writeFileSync(file('z'), '$TTL 60\n@ SOA ns h 1 2 3 4\n');
    const of = config(lists('a'));
    const { files } = setUp(of);
    const before = files.image;
    const wrong = config({ ...lists('a'), localZones: [file('z')] });
    await expect(files.reload(wrong)).rejects.toThrow(new RegExp(`${file('z')}:2:\\d+: `));
    await expect(files.reload(config(lists('a', 'none')))).rejects.toThrow(/none: ENOENT/);
    expect(files.image).toBe(before);
    expect(await files.reload(of)).toBe(before);
  });

  it('are looked at every two seconds, and one that is wrong once for each change', async () => {
    writeFileSync(file('a'), 'a.test\n');
    const of = config(lists('a'));
    const { files, clock, loads, log } = setUp(of);
    let changes = 0;
    files.watch(() => changes++);
    const look = async () => {
      await clock.advance(2000);
      for (let i = 0; i < 5; i++) await new Promise(setImmediate);
    };
    await look();
    expect([changes, loads.asked.length]).toEqual([0, 0]);
    writeFileSync(file('a'), 'a.test\nb.test\n');
    await look();
    expect([changes, blocked(of, files.image, 'b.test.')]).toEqual([1, true]);
    rmSync(file('a'));
    await look();
    await look();
    expect([changes, loads.asked.length, blocked(of, files.image, 'b.test.')]).toEqual([1, 2, true]);
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    writeFileSync(file('a'), 'c.test\n');
    await look();
    expect([changes, blocked(of, files.image, 'c.test.')]).toEqual([2, true]);
    files.stop();
  });

  it('are waited for while somebody writes them', async () => {
    writeFileSync(file('a'), 'a.test\n');
    const of = config(lists('a'));
    let writers = 3;
    const { files, clock } = setUp(of, async (parts) => {
      if (writers-- > 0) throw new FileInMotionError(file('a'));
      return loadAside()(parts);
    });
    writeFileSync(file('a'), 'a.test\nb.test\n');
    const reloading = files.reload(of);
    for (let i = 0; i < 20; i++) {
      await new Promise(setImmediate);
      await clock.advance(250);
    }
    expect(blocked(of, await reloading, 'b.test.')).toBe(true);
    expect(writers).toBe(-1);
  });

  it('of a zone are those that it includes, too', async () => {
    writeFileSync(file('z'), '$ORIGIN z.test.\n$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n$INCLUDE more\n');
    writeFileSync(file('more'), 'a A 192.0.2.1\n');
    const of = config({ localZones: [file('z')] });
    const { files } = setUp(of);
    const before = imageStamp(files.image);
    writeFileSync(file('more'), 'a A 192.0.2.1\nb A 192.0.2.2\n');
    const image = await files.reload(of);
    expect(imageStamp(image)).not.toBe(before);
    const question = { name: parseName('b.z.test.'), type: RRType.A, class: RRClass.IN };
    expect(openPolicy(of, image).everybody.localData!(question, false)?.answer[0]?.rdatas).toEqual([
      '\xc0\0\x02\x02',
    ]);
  });

  it('that several views have are loaded once', () => {
    writeFileSync(file('a'), names(3, 'test'));
    const view = { name: 'v', clients: ['192.0.2.0/24'], policy: lists('a') };
    const { files, log } = setUp(config(lists('a'), [view]));
    expect(files.image.size).toBe(1);
    expect(log.lines).toHaveLength(1);
  });
});

describe('a file that changes while it is read', () => {
  it.each([
    ['grows', () => appendFileSync(file('a'), 'new.test\n')],
    [
      'is replaced',
      () => {
        writeFileSync(file('a.new'), names(5000, 'new.test'));
        renameSync(file('a.new'), file('a'));
      },
    ],
    ['goes', () => rmSync(file('a'))],
  ])('because it %s is no list, however far it was read', (_how, change) => {
    writeFileSync(file('a'), names(5000, 'old.test'));
    const reader = new PolicyReader();
    const pieces = reader.pieces(file('a'));
    pieces.next();
    change();
    for (const _piece of pieces);
    expect(() => reader.stamps()).toThrow(FileInMotionError);
  });
});

describe('a thread that loads', () => {
  const large = (): readonly PolicyPart[] => {
    writeFileSync(file('a'), names(5000, 'test'));
    return [{ kind: 'hosts', paths: [file('a')] }];
  };
  /** A thread that says one thing and ends. */
  const saying = (report?: PartReport) =>
    loadAside(() => {
      const thread = new EventEmitter();
      setImmediate(() => {
        if (report) thread.emit('message', report);
        thread.emit('exit');
      });
      return thread;
    });

  it.each([
    [{ is: 'in-motion', path: '/some/file' }, FileInMotionError, /some\/file: it changes/],
    [{ is: 'failed', fault: { paths: ['z'], message: 'no SOA' } }, PolicyFileError, /no SOA/],
    [undefined, PolicyFileError, /has ended/],
  ] as const)('and says %j fails so', async (report, kind, why) => {
    const failed = saying(report)(large());
    await expect(failed).rejects.toThrow(kind);
    await expect(failed).rejects.toThrow(why);
  });

  it('have the same stamp in whatever order they are configured', () => {
    writeFileSync(file('a'), names(2, 'a.test'));
    writeFileSync(file('b'), names(2, 'b.test'));
    const [one, other] = [lists('a', 'b'), lists('b', 'a')].map(
      (policy) => setUp(config(policy)).files.image,
    );
    expect(imageStamp(one!)).toBe(imageStamp(other!));
  });

  it('that may not even be looked at are an error of theirs', async () => {
    const path = file('x'.repeat(300));
    const list = { path, format: 'domains', action: 'nxdomain', allow: [] };
    const {
      lists: [part],
    } = config({ lists: [{ ...list, allow: undefined }] }).policy;
    await expect(loadAside()([{ kind: 'list', list: part! }])).rejects.toThrow(PolicyFileError);
  });
});
