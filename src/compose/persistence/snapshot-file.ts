/**
 * The file that keeps the caches of one thread over a restart: its frame, and how it is read and replaced.
 *
 * ```
 * magic (8)  version (1)  fingerprint of the configuration (32)
 * records    kind (1)  length (4)  CRC-32 (4)  body
 * end        kind 0, length 0
 * ```
 *
 * Bodies are dumps of the stub cache, each whole, and pieces of one snapshot of the other caches, in order. A file is written beside the old one and takes its place only
 * when all of it is on the disk, so that there is always one that is whole.
 * Limitations: a file of 2 GiB or more is not read.
 */
import { constants, readFileSync, statSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';

/** One octet is not ASCII and one is a line end, so that conversions show. */
const MAGIC = Buffer.from('\x89STRATF\n', 'latin1');
const VERSION = 1;
const FINGERPRINT_OCTETS = 32;
const HEADER_OCTETS = MAGIC.length + 1 + FINGERPRINT_OCTETS;
const RECORD_HEADER_OCTETS = 9;

/** What a record holds. */
export const Part = { end: 0, stub: 1, caches: 2 } as const;

export interface FilePart {
  readonly kind: typeof Part.stub | typeof Part.caches;
  readonly body: Buffer;
}

/**
 * Why a file is not taken. `missing`: there is none. `foreign`: it was not written by this program. `configuration`: its
 * answers were got under other settings. `version`, `truncated`, `damaged`, `unreadable`: what they say.
 */
export type FileFault =
  | 'missing'
  | 'foreign'
  | 'version'
  | 'configuration'
  | 'truncated'
  | 'damaged'
  | 'unreadable';

export type FileRead =
  | { readonly ok: true; readonly parts: readonly FilePart[]; readonly sizeOctets: number }
  | { readonly ok: false; readonly fault: FileFault; readonly detail: string };

/** Reads a whole file and takes its frame apart. Never throws for what is on the disk. */
export function readSnapshotFile(path: string, fingerprint: Buffer): FileRead {
  let data: Buffer;
  try {
    // A device or a pipe could be read forever.
    if (!statSync(path).isFile()) return { ok: false, fault: 'foreign', detail: 'it is no regular file' };
    data = readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { ok: false, fault: code === 'ENOENT' ? 'missing' : 'unreadable', detail: message };
  }
  return takeApart(data, fingerprint);
}

function takeApart(data: Buffer, fingerprint: Buffer): FileRead {
  const start = data.subarray(0, MAGIC.length);
  if (!start.equals(MAGIC.subarray(0, start.length))) {
    return { ok: false, fault: 'foreign', detail: 'it is no snapshot of this program' };
  }
  const truncated = { ok: false, fault: 'truncated', detail: `it ends after ${data.length} octets` } as const;
  if (data.length < HEADER_OCTETS) return truncated;
  const version = data[MAGIC.length]!;
  if (version !== VERSION) {
    return { ok: false, fault: 'version', detail: `it has format ${version} instead of ${VERSION}` };
  }
  if (!data.subarray(MAGIC.length + 1, HEADER_OCTETS).equals(fingerprint)) {
    return { ok: false, fault: 'configuration', detail: 'its answers were got under other settings' };
  }
  const parts: FilePart[] = [];
  for (let at = HEADER_OCTETS; at + RECORD_HEADER_OCTETS <= data.length; ) {
    const kind = data[at]!;
    const end = at + RECORD_HEADER_OCTETS + data.readUInt32BE(at + 1);
    if (end > data.length) break;
    const body = data.subarray(at + RECORD_HEADER_OCTETS, end);
    const known = kind === Part.stub || kind === Part.caches;
    const isEnd = kind === Part.end && end === data.length;
    if (!(known || isEnd) || crc32(body) !== data.readUInt32BE(at + 5)) {
      return { ok: false, fault: 'damaged', detail: `what stands at octet ${at} cannot be right` };
    }
    if (isEnd) return { ok: true, parts, sizeOctets: data.length };
    if (known) parts.push({ kind, body });
    at = end;
  }
  return truncated;
}

/** Where a file is written until it is whole. */
export function unfinishedPath(path: string): string {
  return `${path}.new`;
}

/** Where a file that could not be read goes when a good one takes its place. */
export function refusedPath(path: string): string {
  return `${path}.refused`;
}

/**
 * Writes a file and puts it in the place of the old one; only its owner may read it.
 *
 * @param keepOld the old file could not be read: keep it under another name
 * @returns its octets
 * @throws what node:fs reports; the old file is as it was
 */
export async function replaceSnapshotFile(
  path: string,
  fingerprint: Buffer,
  parts: Iterable<FilePart>,
  keepOld: boolean,
): Promise<number> {
  const unfinished = unfinishedPath(path);
  await rm(unfinished, { force: true });
  let sizeOctets = 0;
  try {
    // Exclusively: nobody's link is followed, and no mode but ours holds.
    const file = await open(unfinished, 'wx', 0o600);
    try {
      sizeOctets = await writeParts(file, fingerprint, parts);
      await file.sync();
    } finally {
      await file.close();
    }
    if (keepOld) await rename(path, refusedPath(path));
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw error;
  }
  await syncDirectory(dirname(path));
  return sizeOctets;
}

/** Each write lets the loop turn; a part is small enough not to be felt. */
async function writeParts(file: FileHandle, fingerprint: Buffer, parts: Iterable<FilePart>): Promise<number> {
  let octets = 0;
  const write = async (...pieces: Buffer[]) => {
    const chunk = Buffer.concat(pieces);
    await file.writeFile(chunk);
    octets += chunk.length;
  };
  await write(MAGIC, Buffer.from([VERSION]), fingerprint);
  for (const { kind, body } of parts) await write(recordHeader(kind, body), body);
  await write(recordHeader(Part.end, Buffer.alloc(0)));
  return octets;
}

function recordHeader(kind: number, body: Buffer): Buffer {
  const header = Buffer.alloc(RECORD_HEADER_OCTETS);
  header[0] = kind;
  header.writeUInt32BE(body.length, 1);
  header.writeUInt32BE(crc32(body), 5);
  return header;
}

/** A rename is on the disk only when its directory is. Some file systems cannot do that; then the kernel will. */
async function syncDirectory(path: string): Promise<void> {
  try {
    const directory = await open(path, constants.O_RDONLY);
    await directory.sync().finally(() => directory.close());
  } catch {
    // The file is whole either way.
  }
}
