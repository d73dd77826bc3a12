/**
 * Reads a zone file and remembers what each file of it looked like just before it was read.
 *
 * For load.ts and watch.ts. The stamp is taken before the read, so that an edit between the two shows as a
 * change later and is never lost.
 */
import { readFileSync, statSync } from 'node:fs';
import { loadZoneFile } from '../zone/build.js';
import type { Zone } from '../zone/zone.js';
import type { ZoneError } from '../zone/zone-error.js';
import type { ZoneSigner } from './zone-signer.js';

/** Stamps by path: the zone file and all that it includes, also those that could not be read. */
export type FileStamps = ReadonlyMap<string, string>;

/** A zone as its file has it now, and how it is signed. */
export interface ZoneSource {
  /** Path of the master file; undefined for a zone from text. */
  readonly path: string | undefined;
  /** Before it is signed. Replaced when the file changes. */
  zone: Zone;
  /** Undefined for a zone that is served as its file has it. */
  readonly signer?: ZoneSigner;
  /** The file and all that it includes, as they were when read last; empty for text. */
  stamps: FileStamps;
}

export interface ZoneFile {
  readonly zone: Zone | undefined;
  readonly problems: readonly ZoneError[];
  readonly stamps: FileStamps;
}

export function readZoneFile(path: string): ZoneFile {
  const stamps = new Map<string, string>();
  const { zone, problems } = loadZoneFile(path, {
    readFile: (file) => {
      stamps.set(file, fileStamp(file));
      return readFileSync(file, 'latin1');
    },
  });
  return { zone, problems, stamps };
}

/** True when any of the files is not what it was. */
export function isStale(stamps: FileStamps): boolean {
  for (const [path, stamp] of stamps) if (fileStamp(path) !== stamp) return true;
  return false;
}

/** Changes when the file does; a file that is away for a moment has a stamp too. */
export function fileStamp(path: string): string {
  try {
    const { mtimeNs, size, ino } = statSync(path, { bigint: true });
    return `${mtimeNs}/${size}/${ino}`;
  } catch {
    return 'missing';
  }
}
