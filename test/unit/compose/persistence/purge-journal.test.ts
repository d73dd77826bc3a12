import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Flush, flushEverything } from '../../../../src/cache/flush.js';
import { MAX_KEPT_FLUSHES } from '../../../../src/cache/flush-filter.js';
import { journalPath, PurgeJournal, readJournal } from '../../../../src/compose/persistence/purge-journal.js';
import { parseName } from '../../../../src/dns/name.js';

let folder = '';
let snapshot = '';
let faults: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stratadns-journal-'));
  snapshot = join(folder, 'caches');
  faults = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const make = () => new PurgeJournal(snapshot, (reason) => faults.push(reason));
const read = () => readJournal(journalPath(snapshot));
const some = (name: string, more: Partial<Flush> = {}): Flush => ({
  name: parseName(name),
  subtree: false,
  ...more,
});
const namesIn = () => {
  const found = read();
  return found.ok ? found.flushes.map(({ name }) => name) : found;
};

describe('the journal of flushes', () => {
  it('gives back what was noted, and is only for its owner', () => {
    const odd = some('a\\.b.\\000x.test.', { subtree: true, type: 28, layers: ['stub', 'infra'] });
    const journal = make();
    journal.add([odd]);
    journal.add([some('c.test.', { negatives: true }), flushEverything]);
    expect(read()).toEqual({
      ok: true,
      flushes: [odd, some('c.test.', { negatives: true }), flushEverything],
    });
    expect(statSync(journalPath(snapshot)).mode & 0o777).toBe(0o600);
    expect(faults).toEqual([]);
  });

  it('keeps after a snapshot only what was flushed since that was begun', () => {
    const journal = make();
    journal.add([some('before.test.')]);
    journal.snapshotBegins();
    journal.add([some('during.test.')]);
    journal.snapshotEnds(true);
    expect(namesIn()).toEqual([parseName('during.test.')]);
    journal.snapshotBegins();
    journal.snapshotEnds(true);
    expect(() => statSync(journalPath(snapshot))).toThrow(/ENOENT/);
  });

  it('keeps all when a snapshot fails, and what the run before has left', () => {
    make().add([some('left.test.')]);
    const left = read();
    const journal = make();
    journal.takeOver(left.ok ? left.flushes : []);
    journal.add([some('before.test.')]);
    journal.snapshotBegins();
    journal.add([some('during.test.')]);
    journal.snapshotEnds(false);
    journal.add([some('after.test.')]);
    journal.snapshotBegins();
    journal.snapshotEnds(false);
    expect(namesIn()).toEqual(
      ['left', 'before', 'during', 'after'].map((label) => parseName(`${label}.test.`)),
    );
    journal.snapshotBegins();
    journal.snapshotEnds(true);
    expect(namesIn()).toEqual([]);
  });

  it('becomes one line that forgets everything when there are too many', () => {
    const journal = make();
    journal.add(Array.from({ length: MAX_KEPT_FLUSHES }, (_, i) => some(`n${i}.test.`)));
    journal.snapshotBegins();
    journal.add([some('more.test.')]);
    expect(read()).toEqual({ ok: true, flushes: [flushEverything] });
    journal.snapshotEnds(true);
    expect(read()).toEqual({ ok: true, flushes: [flushEverything] });
  });

  it('is none when there is no file', () => {
    expect(read()).toEqual({ ok: true, flushes: [] });
  });

  it('says why a flush could not be noted', () => {
    new PurgeJournal(join(folder, 'no', 'caches'), (reason) => faults.push(reason)).add([some('a.test.')]);
    expect(faults).toEqual([expect.stringMatching(/ENOENT/)]);
  });

  it('is refused wherever it was cut, and when a line cannot be right', () => {
    make().add([some('a.test.', { type: 1 }), some('b.test.')]);
    const whole = readFileSync(journalPath(snapshot), 'utf8');
    const lineEnds = [...whole].flatMap((char, i) => (char === '\n' ? [i + 1] : []));
    for (let length = 1; length < whole.length; length++) {
      writeFileSync(journalPath(snapshot), whole.slice(0, length));
      if (!lineEnds.includes(length))
        expect(read(), `${length}`).toMatchObject({ ok: false, fault: 'damaged' });
    }
    for (const line of ['{}', '1', 'null', '{"name":"a..b","subtree":true}', '{"name":"a.","subtree":1}']) {
      writeFileSync(journalPath(snapshot), `${whole}${line}\n`);
      expect(read(), line).toMatchObject({
        ok: false,
        fault: 'damaged',
        detail: expect.stringMatching(/line 4/),
      });
    }
    for (const more of ['"type":0', '"layers":["l2"]', '"negatives":false', '"other":1']) {
      writeFileSync(journalPath(snapshot), `${whole}{"name":"a.","subtree":true,${more}}\n`);
      expect(read(), more).toMatchObject({ ok: false, fault: 'damaged' });
    }
    writeFileSync(journalPath(snapshot), 'root:x:0:0\n');
    expect(read()).toMatchObject({ ok: false, fault: 'foreign' });
  });
});
