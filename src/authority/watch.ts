/**
 * Follows the zone files of a mock internet while it runs.
 *
 * `fs.watch` says that something happened in a directory; a slow poll of the files' times and sizes finds what
 * it missed (network file systems, containers, editors that replace files). Either way the files themselves
 * are compared before a zone is read anew. The swap and the listener's call are one step without a pause, so
 * a cache that is purged in it can never be filled with the old zone again.
 * Limitations: the manifest is not followed; a new server or zone file needs a restart, which a log line says.
 */
import { type FSWatcher, watch as watchDirectory } from 'node:fs';
import { dirname } from 'node:path';
import { formatName, type Name } from '../dns/name.js';
import type { CancelTimer, Clock } from '../runtime/clock.js';
import type { Zone } from '../zone/zone.js';
import { formatZoneError } from '../zone/zone-error.js';
import type { InternetLog } from './internet-error.js';
import { type FileStamps, fileStamp, isStale, readZoneFile, type ZoneSource } from './zone-file.js';

/** What is followed; the Internet is one. */
export interface WatchableInternet {
  readonly sources: readonly ZoneSource[];
  readonly readOnce: FileStamps;
  replace(source: ZoneSource, zone: Zone): void;
}

/**
 * Called in the step in which zones are swapped.
 *
 * @param apexes  of the zones that changed
 * @param changed owner names whose RRsets changed, came or went; `apexes` included
 */
export type ChangeListener = (apexes: readonly Name[], changed: readonly Name[]) => void;

/** Editors write in several steps; wait this long for the last. */
const DEBOUNCE_MS = 50;
const POLL_MS = 1000;

/** Starts to watch. Returns what ends it. */
export function watchInternet(
  internet: WatchableInternet,
  clock: Clock,
  onChange: ChangeListener,
  log: InternetLog = () => {},
): () => void {
  const watcher = new ZoneWatcher(internet, clock, onChange, log);
  watcher.start();
  return () => watcher.stop();
}

class ZoneWatcher {
  private readonly watchers = new Map<string, FSWatcher>();
  private debounce: CancelTimer | undefined;
  private poll: CancelTimer | undefined;
  private readonly readOnce: Map<string, string>;

  constructor(
    private readonly internet: WatchableInternet,
    private readonly clock: Clock,
    private readonly onChange: ChangeListener,
    private readonly log: InternetLog,
  ) {
    this.readOnce = new Map(internet.readOnce);
  }

  start(): void {
    for (const source of this.internet.sources) this.watchFiles(source);
    this.schedulePoll();
  }

  stop(): void {
    this.debounce?.();
    this.poll?.();
    for (const watcher of this.watchers.values()) watcher.close();
    this.watchers.clear();
  }

  /** Directories, not files: an editor that renames a new file over the old one ends a watch on the file. */
  private watchFiles(source: ZoneSource): void {
    for (const directory of new Set([...source.stamps.keys()].map((file) => dirname(file)))) {
      if (this.watchers.has(directory)) continue;
      try {
        const watcher = watchDirectory(directory, { persistent: false }, () => this.scheduleSoon());
        watcher.on('error', () => watcher.close()); // the poll goes on
        this.watchers.set(directory, watcher);
      } catch (error) {
        this.log('warn', `cannot watch ${directory}, polling instead: ${String(error)}`);
      }
    }
  }

  private scheduleSoon(): void {
    this.debounce?.();
    this.debounce = this.clock.after(DEBOUNCE_MS, () => this.check());
  }

  private schedulePoll(): void {
    this.poll = this.clock.after(POLL_MS, () => {
      this.check();
      this.schedulePoll();
    });
  }

  private check(): void {
    this.checkReadOnce();
    const apexes = new Set<Name>();
    const changed = new Set<Name>();
    for (const source of this.internet.sources) {
      const before = source.zone;
      if (!isStale(source.stamps) || !this.reload(source)) continue;
      const names = changedNames(before, source.zone);
      if (names.size === 0) continue;
      for (const apex of [before.apex, source.zone.apex]) apexes.add(apex);
      for (const name of names) changed.add(name);
      this.log(
        'info',
        `zone ${formatName(source.zone.apex)} changed: ${names.size} name${names.size === 1 ? '' : 's'}`,
      );
    }
    if (apexes.size > 0) this.onChange([...apexes], [...new Set([...apexes, ...changed])]);
  }

  private checkReadOnce(): void {
    for (const [file, stamp] of this.readOnce) {
      const now = fileStamp(file);
      if (now === stamp) continue;
      this.readOnce.set(file, now);
      this.log('warn', `${file} changed; it is read at the start only, so restart to use it`);
    }
  }

  /** False when the file has errors: the old zone stays. */
  private reload(source: ZoneSource): boolean {
    const { zone, problems, stamps } = readZoneFile(source.path!);
    source.stamps = stamps;
    this.watchFiles(source); // an $INCLUDE may have come
    if (!zone) {
      const errors = problems.filter((problem) => problem.severity === 'error').map(formatZoneError);
      this.log('error', `zone ${formatName(source.zone.apex)} keeps its old content: ${errors.join('; ')}`);
      return false;
    }
    this.internet.replace(source, zone);
    return true;
  }
}

/** Owners of RRsets that are not the same in both zones. */
export function changedNames(before: Zone, after: Zone): Set<Name> {
  const names = new Set<Name>();
  const old = fingerprints(before);
  const fresh = fingerprints(after);
  for (const [name, print] of fresh) if (old.get(name) !== print) names.add(name);
  for (const name of old.keys()) if (!fresh.has(name)) names.add(name);
  return names;
}

function fingerprints(zone: Zone): Map<Name, string> {
  const prints = new Map<Name, string>();
  for (const { name, type, ttlSec, rdatas, signatures } of zone.rrsets()) {
    const print = JSON.stringify([type, ttlSec, [...rdatas].sort(), [...signatures].sort()]);
    prints.set(name, `${prints.get(name) ?? ''}${print}`);
  }
  return prints;
}
