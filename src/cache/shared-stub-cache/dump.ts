/**
 * The shared stub cache as octets for a file, and back.
 *
 * ```
 * magic  layout version  blocks  octets of blocks  CRC-32 of them     4 octets each
 * blocks as they lie in the arena
 * ```
 *
 * Blocks go in and out as they are, but each is put in its place anew, so that a dump may be read by a cache of
 * another size or number of partitions. A dump with another version, size or checksum is refused as a whole;
 * each block is checked besides, as a response from the network is, so that a made-up checksum helps nobody.
 * A cache that goes on serving is dumped in pieces, each of which is a dump.
 * Limitations: reading a dump, and writing one in one piece, take a turn of about a second for a million answers.
 */
import { crc32 } from 'node:zlib';
import { ttlOffsets } from '../../wire/ttl-offsets.js';
import { isSoundName } from '../key.js';
import type { StubKey } from '../stub-cache.js';
import type { BlockView, SetCopies } from './block-view.js';
import {
  BLOCK_HEAD_OCTETS,
  BLOCK_KEEP_UNTIL,
  BLOCK_KEY,
  BLOCK_LENGTHS,
  BLOCK_QUESTION,
  BLOCK_STORED_AT,
  BLOCK_UNITS,
  CONTROL_WORDS,
  KEY_APART,
  KEY_LENGTH_SHIFT,
  LAYOUT_VERSION,
  SET_WORDS,
  SETS,
  UNIT_OCTETS,
} from './layout.js';
import { QNAME_AT, VIEW_SHIFT } from './question-key.js';
import type { StubMemory } from './stub-memory.js';

const DUMP_MAGIC = 0x50_4d_44_53;
const HEADER_OCTETS = 20;

/** What became of a dump. `refused` says why nothing of it was taken. */
export interface Restored {
  readonly restored: number;
  /** Over, damaged, of another partition, or without room. */
  readonly dropped: number;
  readonly refused?: string;
}

/** One response of a dump, checked. */
export interface DumpedAnswer {
  readonly key: StubKey;
  readonly wire: Buffer;
  readonly storedAtMs: number;
  readonly keepUntilMs: number;
}

/** All partitions. Answers that a writer changes meanwhile are there in one state or the other. */
export function serializeStub(memory: StubMemory, copies: SetCopies): Uint8Array {
  const parts: Buffer[] = [];
  for (const view of allBlocks(memory, copies)) addBlock(parts, view);
  return dumpOf(parts);
}

/**
 * One partition in dumps of about `pieceOctets`. The cache may change between them; an answer that moves meanwhile
 * may come twice, none is left out that stays.
 */
export function* serializePartition(
  memory: StubMemory,
  copies: SetCopies,
  partition: number,
  pieceOctets: number,
): Generator<Buffer> {
  let parts: Buffer[] = [];
  let octets = 0;
  for (const views of setsOf(memory, copies, partition)) {
    for (const view of views) octets += addBlock(parts, view);
    if (octets < pieceOctets) continue;
    yield dumpOf(parts);
    parts = [];
    octets = 0;
  }
  if (parts.length > 0) yield dumpOf(parts);
}

function addBlock(parts: Buffer[], view: BlockView): number {
  if (view.keyIsApart) return 0; // only tests hold such
  const part = Buffer.from(view.octets.subarray(0, view.sizeOctets));
  parts.push(part);
  return part.length;
}

function dumpOf(parts: readonly Buffer[]): Buffer {
  const out = Buffer.concat([Buffer.alloc(HEADER_OCTETS), ...parts]);
  const octets = out.length - HEADER_OCTETS;
  const header = [DUMP_MAGIC, LAYOUT_VERSION, parts.length, octets, crc32(out.subarray(HEADER_OCTETS))];
  header.forEach((value, i) => {
    out.writeUInt32LE(value, i * 4);
  });
  return out;
}

/** Every block that this thread serves; a view is valid until the next one. */
export function* allBlocks(memory: StubMemory, copies: SetCopies): Generator<BlockView> {
  for (let p = 0; p < memory.layout.partitions; p++) {
    for (const views of setsOf(memory, copies, p)) yield* views;
  }
}

/** What each set leads to that this thread serves. The index may grow meanwhile, which moves answers from sets that were given to later ones. */
function* setsOf(memory: StubMemory, copies: SetCopies, partition: number): Generator<readonly BlockView[]> {
  const at = memory.partitionAt(partition);
  const arena = memory.arenaAt(at);
  for (let i = 0; i < memory.words[at + SETS]!; i++) {
    yield copies.servedOf(at + CONTROL_WORDS + i * SET_WORDS, arena);
  }
}

/** Why a dump cannot be taken; undefined when it can. */
export function dumpDefect(dump: Buffer): string | undefined {
  if (dump.length < HEADER_OCTETS || dump.readUInt32LE(0) !== DUMP_MAGIC) return 'not a dump of a stub cache';
  const version = dump.readUInt32LE(4);
  if (version !== LAYOUT_VERSION) return `layout version ${version} instead of ${LAYOUT_VERSION}`;
  if (dump.readUInt32LE(12) !== dump.length - HEADER_OCTETS) return 'cut short or too long';
  if (dump.readUInt32LE(16) !== crc32(dump.subarray(HEADER_OCTETS))) return 'wrong checksum';
  return undefined;
}

/** The responses of a dump without defect; undefined in place of one that cannot be right, after which it ends. */
export function* dumpedAnswers(dump: Buffer): Generator<DumpedAnswer | undefined> {
  let at = HEADER_OCTETS;
  for (let left = dump.readUInt32LE(8); left > 0; left--) {
    const size = at + 4 <= dump.length ? dump.readUInt32LE(at + BLOCK_UNITS * 4) * UNIT_OCTETS : 0;
    if (size < BLOCK_HEAD_OCTETS || at + size > dump.length) {
      yield undefined;
      return;
    }
    yield readBlock(dump.subarray(at, at + size));
    at += size;
  }
}

function readBlock(block: Buffer): DumpedAnswer | undefined {
  const keyWord = block.readUInt32LE(BLOCK_KEY * 4);
  const wireLength = block.readUInt16LE(BLOCK_LENGTHS * 4);
  if ((keyWord & KEY_APART) !== 0 || BLOCK_HEAD_OCTETS + wireLength > block.length) return undefined;
  const wire = block.subarray(BLOCK_HEAD_OCTETS, BLOCK_HEAD_OCTETS + wireLength);
  const nameEnd = QNAME_AT + ((keyWord >>> KEY_LENGTH_SHIFT) & 255);
  if (nameEnd > wireLength) return undefined;
  const name = wire.latin1Slice(QNAME_AT, nameEnd);
  const storedAtMs = block.readDoubleLE(BLOCK_STORED_AT * 4);
  const keepUntilMs = block.readDoubleLE(BLOCK_KEEP_UNTIL * 4);
  if (!isSoundName(name) || !Number.isFinite(storedAtMs) || !Number.isFinite(keepUntilMs)) return undefined;
  if (ttlOffsets(wire) === undefined || (wire[2]! & 0x80) === 0) return undefined;
  const question = block.readUInt32LE(BLOCK_QUESTION * 4);
  const key = {
    name,
    type: question >>> 16,
    class: question & 0xffff,
    do: (keyWord & 1) !== 0,
    cd: (keyWord & 2) !== 0,
    view: keyWord >>> VIEW_SHIFT,
  };
  return { key, wire, storedAtMs, keepUntilMs };
}
