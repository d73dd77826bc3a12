/**
 * Files of the policy as they are read: whole, or as an error that says which and why.
 *
 * A file is known by its stamp from before it is read; when the path has another one afterwards, somebody was writing, and
 * what was read may be of two states. That is told apart, since reading again helps.
 * Limitations: who changes a file in place without a change of its time or size is not noticed.
 */
import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { Octets } from '../../dns/name.js';

/** What is wrong with the files of one part of the policy. */
export interface PolicyFault {
  readonly paths: readonly string[];
  readonly message: string;
}

/** A file of the policy that cannot be used; the message says which and why. */
export class PolicyFileError extends Error {
  readonly code: string = 'POLICY_FILE';
  override readonly name = 'PolicyFileError';

  constructor(
    message: string,
    /** By part, where it is known. */
    readonly faults: readonly PolicyFault[] = [],
  ) {
    super(message);
  }

  static of(faults: readonly PolicyFault[]): PolicyFileError {
    return new PolicyFileError(faults.map(({ message }) => message).join('\n'), faults);
  }
}

/** A file that changed while it was read. */
export class FileInMotionError extends PolicyFileError {
  override readonly code = 'POLICY_FILE_IN_MOTION';

  constructor(readonly path: string) {
    super(`${path}: it changes while it is read`);
  }
}

export interface FileStamp {
  readonly path: string;
  readonly mtimeMs: number;
  readonly sizeOctets: number;
  readonly inode: number;
}

/** Undefined: there is no such file. */
export function stampOf(path: string): FileStamp | undefined {
  const stat = statOf(path);
  return stat && stampFrom(path, stat);
}

/** Undefined also where it may not be looked at; who opens it hears why. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function stampFrom(path: string, { mtimeMs, size, ino }: Stats): FileStamp {
  return { path, mtimeMs, sizeOctets: size, inode: ino };
}

/** Whether these are files that are read in no time: short, and no pipe that somebody has to write first. */
export function areSmall(paths: readonly string[], limitOctets: number): boolean {
  const stats = paths.map(statOf).filter((stat) => stat !== undefined);
  return (
    stats.every((stat) => stat.isFile()) && stats.reduce((sum, { size }) => sum + size, 0) <= limitOctets
  );
}

/** Whether the file is still as it was. */
export function isUnchanged(stamp: FileStamp): boolean {
  const now = stampOf(stamp.path);
  return (
    now !== undefined &&
    now.mtimeMs === stamp.mtimeMs &&
    now.sizeOctets === stamp.sizeOctets &&
    now.inode === stamp.inode
  );
}

const PIECE_OCTETS = 65_536;

/** Reads files of one part, and remembers how they were when it began. */
export class PolicyReader {
  private readonly read = new Map<string, FileStamp>();

  /** @throws {FileInMotionError} when one of them is not as it was */
  stamps(): readonly FileStamp[] {
    const all = [...this.read.values()];
    const moved = all.find((stamp) => !isUnchanged(stamp));
    if (moved) throw new FileInMotionError(moved.path);
    return all;
  }

  /** A text file in pieces. @throws {PolicyFileError} on the way */
  *pieces(path: string): Generator<string> {
    const decoder = new StringDecoder('utf8');
    try {
      for (const piece of this.blocks(path)) yield decoder.write(piece);
      yield decoder.end();
    } catch (error) {
      throw new PolicyFileError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** A whole file, one octet per char. Throws what the file system says. */
  octets(path: string): Octets {
    let text = '';
    for (const piece of this.blocks(path)) text += piece.toString('latin1');
    return text;
  }

  private *blocks(path: string): Generator<Buffer> {
    const file = openSync(path, 'r');
    try {
      this.read.set(path, stampFrom(path, fstatSync(file)));
      const piece = Buffer.alloc(PIECE_OCTETS);
      for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) {
        yield piece.subarray(0, read);
      }
    } finally {
      closeSync(file);
    }
  }
}
