/**
 * The stub cache in shared memory: every thread reads all of it, each stores in a partition of its own.
 *
 * On a query's way it is the first cache. The fast lane (server/fast-lane.ts) reads it with `copyResponse` and
 * makes no object; the pipeline and operators use it as any `StubCache`. A name belongs to one partition, by its last
 * two labels, and only the thread that owns the partition stores answers for it.
 *
 * reader.ts says how lookups do without locks, arena-ring.ts how room is made, removal.ts how any thread purges.
 * Limitations: a `put` for a name of another partition is refused; see `partitionOf`.
 */
import { type Name, ROOT } from '../../dns/name.js';
import type { Clock } from '../../runtime/clock.js';
import { ttlOffsets } from '../../wire/ttl-offsets.js';
import type { CacheLayerStats } from '../stats.js';
import type { StubCache, StubEntryInfo, StubKey, StubPurge } from '../stub-cache.js';
import { ArenaRing } from './arena-ring.js';
import { SetCopies } from './block-view.js';
import {
  allBlocks,
  type DumpedAnswer,
  dumpDefect,
  dumpedAnswers,
  type Restored,
  serializePartition,
  serializeStub,
} from './dump.js';
import { ownersAreQuestion } from './holds-owner.js';
import { ENTRIES, LIVE, SET_OCTETS, SETS, UNIT_OCTETS } from './layout.js';
import { PartitionWriter } from './partition-writer.js';
import { QNAME_AT, QuestionKey } from './question-key.js';
import { OVER, ResponseRoom, StubReader } from './reader.js';
import { purgeTest, removeOwnWhere, removeWhere, Sweep } from './removal.js';
import { Count, SharedCounters } from './shared-counters.js';
import { createStubMemory, StubMemory } from './stub-memory.js';

export interface SharedStubCacheOptions {
  readonly clock: Clock;
  /** Of `createStubMemory`. */
  readonly memory: SharedArrayBuffer;
  /** Which of the threads this is; it counts in a place of its own. */
  readonly thread: number;
  /** The partition that this thread owns; undefined: it only reads and purges. No two threads own one. */
  readonly partition?: number;
}

const MAX_MESSAGE_OCTETS = 65_535;

export class SharedStubCache implements StubCache {
  private readonly clock: Clock;
  private readonly memory: StubMemory;
  private readonly counters: SharedCounters;
  private readonly reader: StubReader;
  /** Of the fast lane, with a time of its own. */
  private readonly laneReader: StubReader;
  private readonly writer: PartitionWriter | undefined;
  private readonly sweeper: Sweep | undefined;
  private readonly rings: readonly ArenaRing[];
  private readonly copies: SetCopies;
  private readonly key: QuestionKey;
  private readonly room = new ResponseRoom(Buffer.alloc(MAX_MESSAGE_OCTETS + 1));
  private readonly partitions: number;

  constructor(private readonly options: SharedStubCacheOptions) {
    this.clock = options.clock;
    const memory = new StubMemory(options.memory);
    this.memory = memory;
    this.partitions = memory.layout.partitions;
    this.counters = new SharedCounters(memory, options.thread);
    this.reader = new StubReader(memory);
    this.laneReader = new StubReader(memory);
    this.copies = new SetCopies(memory, this.reader);
    this.key = this.newKey();
    this.rings = Array.from(
      { length: this.partitions },
      (_, p) => new ArenaRing(memory, memory.partitionAt(p), this.counters, this.reader),
    );
    if (options.partition === undefined) return;
    const at = memory.partitionAt(options.partition);
    this.writer = new PartitionWriter(memory, at, this.reader, this.counters);
    this.sweeper = new Sweep(memory, this.writer.ring, at, this.counters, this.reader);
  }

  /** A cache of one thread. */
  static alone(options: { clock: Clock; maxOctets: number; seed: number }): SharedStubCache {
    const { clock, maxOctets, seed } = options;
    const memory = createStubMemory({ maxOctets, seed, partitions: 1, threads: 1 });
    return new SharedStubCache({ clock, memory, thread: 0, partition: 0 });
  }

  // --- for the fast lane -----------------------------------------------------------------------------------

  /** A key to fill again and again; hashes as this cache does. */
  newKey(): QuestionKey {
    return new QuestionKey(this.memory.seed);
  }

  /** Sets the time for `copyResponse`. */
  setTime(wallMs: number): void {
    this.laneReader.setTime(wallMs);
  }

  /**
   * Copies a response, its TTLs counted down, without counting a hit or a miss.
   * @param at multiple of four; from there the room has `limitOctets`, rounded up to four
   * @returns its octets; 0 or less when there is none that fits
   */
  copyResponse(key: QuestionKey, room: ResponseRoom, at: number, limitOctets: number): number {
    return this.laneReader.copy(key, key.ownerOf(this.partitions), room, at, limitOctets);
  }

  countHit(): void {
    this.counters.add(Count.hits);
  }

  /** The partition that holds answers about a name. Its owner is who should resolve it. */
  partitionOf(name: Name): number {
    this.key.load({ name, type: 1, class: 1, do: false, cd: false });
    return this.key.ownerOf(this.partitions);
  }

  // --- StubCache -------------------------------------------------------------------------------------------

  get(key: StubKey, nowMs: number): Buffer | undefined {
    const length = this.lookUp(key, nowMs);
    return length === 0 ? undefined : Buffer.from(this.room.octets.subarray(0, length));
  }

  copyInto(key: StubKey, nowMs: number, target: Uint8Array, offset: number): number {
    const length = this.lookUp(key, nowMs);
    if (length === 0 || offset + length > target.length) return 0;
    target.set(this.room.octets.subarray(0, length), offset);
    return length;
  }

  /** Copies to `room`. Returns 0 for a miss. */
  private lookUp(stubKey: StubKey, nowMs: number): number {
    const { key } = this;
    key.load(stubKey);
    this.reader.setTime(nowMs);
    const length = this.reader.copy(key, key.ownerOf(this.partitions), this.room, 0, MAX_MESSAGE_OCTETS);
    if (length > 0) {
      this.counters.add(Count.hits);
      return length;
    }
    if (this.reader.passedOther) this.counters.remember(key.hash, 'flushed');
    this.counters.miss(key.hash, length === OVER);
    return 0;
  }

  put(stubKey: StubKey, wire: Uint8Array, nowMs: number, keepUntilMs: number): boolean {
    const stored = this.store(stubKey, wire, nowMs, keepUntilMs, nowMs);
    this.counters.add(stored ? Count.inserts : Count.refused);
    return stored;
  }

  private store(
    stubKey: StubKey,
    wire: Uint8Array,
    storedAtMs: number,
    keepUntilMs: number,
    nowMs: number,
  ): boolean {
    if (!this.writer || !(keepUntilMs > nowMs) || wire.length > MAX_MESSAGE_OCTETS) return false;
    const offsets = ttlOffsets(wire);
    if (!offsets) return false;
    const { key } = this;
    key.load(stubKey);
    if (key.ownerOf(this.partitions) !== this.options.partition) return false;
    const holdsKey = questionIs(wire, key);
    const ownersAreQname = holdsKey && ownersAreQuestion(wire);
    const answer = { wire, ttlOffsets: offsets, holdsKey, ownersAreQname, storedAtMs, keepUntilMs };
    return this.writer.put(key, answer, nowMs);
  }

  purge(name: Name, options: StubPurge = {}): number {
    let removed = 0;
    for (let p = 0; p < this.partitions; p++) removed += this.purgePartition(p, name, options);
    return removed;
  }

  /** For when another thread purges all: what this one has stored since then, in its own partition. */
  purgeOwn(name: Name, options: StubPurge = {}): number {
    const { partition } = this.options;
    return partition === undefined ? 0 : this.purgePartition(partition, name, options);
  }

  private purgePartition(p: number, name: Name, options: StubPurge): number {
    const { memory, copies, counters } = this;
    const at = memory.partitionAt(p);
    const test = purgeTest(name, options);
    const removal = { memory, ring: this.rings[p]!, copies, at, counters, test, end: name };
    const inOrder = p === this.options.partition && name !== ROOT;
    return inOrder ? removeOwnWhere(removal) : removeWhere(removal);
  }

  beginGeneration(generation: number): void {
    this.reader.generation = generation;
    this.laneReader.generation = generation;
  }

  /** Of the partition that this thread owns; answers of other generations go as well. */
  sweep(maxEntries: number): number {
    return this.sweeper?.run(maxEntries, this.clock.wallMs()) ?? 0;
  }

  *entries(): IterableIterator<StubEntryInfo> {
    for (const view of allBlocks(this.memory, new SetCopies(this.memory, this.reader))) yield view.info();
  }

  /** Of all partitions and threads. Octets are those of held blocks and of the index in use. */
  stats(): CacheLayerStats {
    const { memory } = this;
    let entries = 0;
    let octets = 0;
    for (let p = 0; p < this.partitions; p++) {
      const at = memory.partitionAt(p);
      entries += memory.words[at + ENTRIES]!;
      octets += memory.words[at + LIVE]! * UNIT_OCTETS + memory.words[at + SETS]! * SET_OCTETS;
    }
    return this.counters.sum(entries, octets);
  }

  // --- files -----------------------------------------------------------------------------------------------

  /** All that is held, in all partitions, for a file. */
  serialize(): Uint8Array {
    return serializeStub(this.memory, this.copies);
  }

  /** This thread's partition in pieces that `restore` takes one by one; the cache goes on being used between them. */
  *serializeOwn(pieceOctets: number): Generator<Buffer> {
    const { partition } = this.options;
    if (partition === undefined) return;
    const copies = new SetCopies(this.memory, this.reader);
    yield* serializePartition(this.memory, copies, partition, pieceOctets);
  }

  /**
   * Takes over what belongs to this thread's partition from a dump, less what is over or damaged. Never throws.
   * Answers that claim to be from the future are dropped: their TTLs would not count down.
   * @param keep told of each answer; false leaves it out
   */
  restore(octets: Uint8Array, keep: (answer: DumpedAnswer) => boolean = () => true): Restored {
    const dump = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
    const refused = dumpDefect(dump);
    if (refused !== undefined) return { restored: 0, dropped: 0, refused };
    const nowMs = this.clock.wallMs();
    let restored = 0;
    let dropped = 0;
    for (const answer of dumpedAnswers(dump)) {
      const taken =
        answer !== undefined &&
        answer.storedAtMs <= nowMs &&
        keep(answer) &&
        this.store(answer.key, answer.wire, answer.storedAtMs, answer.keepUntilMs, nowMs);
      if (taken) restored++;
      else dropped++;
    }
    return { restored, dropped };
  }
}

/** Whether the only question of a response is that of the key, in lower case. */
function questionIs(wire: Uint8Array, key: QuestionKey): boolean {
  const end = QNAME_AT + key.nameLength;
  if (wire[4] !== 0 || wire[5] !== 1 || wire.length < end + 4) return false;
  for (let i = QNAME_AT; i < end; i++) if (wire[i] !== key.octets[i]) return false;
  const question = (wire[end]! << 24) | (wire[end + 1]! << 16) | (wire[end + 2]! << 8) | wire[end + 3]!;
  return question === key.question;
}
