/**
 * Memory for records of any size outside the heap, so that a million of them are nothing to the garbage collector.
 *
 * A log: records are written one after the other into segments of equal size. One that is released leaves a hole, and
 * when holes take more than their share, the segment that lost most is emptied, what lives in it written anew at the
 * end, and its memory given back. So nothing fragments, and no call moves more than two segments. A record larger than
 * a sixteenth of a segment has one to itself, so that little is lost at the end of each.
 *
 * A record begins with the slot it belongs to and its size in units of 8 octets (16 bits; the other 16 of that word are
 * the writer's). `moved` tells its new place. A place is a number of 32 bits: segment and offset.
 * Limitations: octets in the machine's order, since they never leave the process.
 */

/** Sizes and offsets of records are multiples of it. */
const UNIT = 8;
const MAX_SEGMENT_OCTETS = 262_144; // units are numbered by OFFSET_BITS
const MIN_SEGMENT_OCTETS = 16_384;
/** A record over this part of a segment has one to itself. */
const ALONE_PART = 16;
/** Bits of a place that are the offset, whatever the size of the segment; the others are the segment. */
const OFFSET_BITS = 15;
const OFFSET_MASK = (1 << OFFSET_BITS) - 1;
/** Holes may take this part of what lives, and two segments. */
const HOLE_PART = 7;
const SPARE_SEGMENTS = 2;
/** Segments that one call empties at most. */
const MAX_EMPTIED = 2;

/** What a record takes of memory, its share of the holes included. */
export function reservedOctets(recordOctets: number): number {
  return Math.ceil((recordOctets * (HOLE_PART + 1)) / HOLE_PART);
}

export class Segment {
  readonly octets: Buffer;
  readonly words: Uint32Array;
  readonly doubles: Float64Array;
  usedOctets = 0;
  liveOctets = 0;

  constructor(
    readonly id: number,
    readonly sizeOctets: number,
  ) {
    const memory = new ArrayBuffer(sizeOctets);
    this.octets = Buffer.from(memory);
    this.words = new Uint32Array(memory);
    this.doubles = new Float64Array(memory);
  }
}

export interface SegmentLogOptions {
  /** How much the log will hold at most, for the size of segments. */
  readonly maxOctets: number;
  /** Where the record of a slot stands; undefined when it has none. */
  readonly placeOf: (slot: number) => number | undefined;
  /** A record stands elsewhere from now on. */
  readonly moved: (slot: number, place: number) => void;
}

export class SegmentLog {
  private readonly segments: (Segment | undefined)[] = [];
  private readonly freeIds: number[] = [];
  private readonly segmentOctets: number;
  private head: Segment | undefined;
  /** Of all segments. */
  private heldOctets = 0;
  private liveOctets = 0;
  /** The segment, and the offset in it, of the record that `append` or `find` gave last. */
  segment!: Segment;
  at = 0;

  constructor(private readonly options: SegmentLogOptions) {
    const wanted = options.maxOctets / 64;
    let octets = MIN_SEGMENT_OCTETS;
    while (octets < wanted && octets < MAX_SEGMENT_OCTETS) octets *= 2;
    this.segmentOctets = octets;
  }

  /** Memory that it holds, in use or not. */
  get octets(): number {
    return this.heldOctets;
  }

  /**
   * Makes room for a record and points `segment` and `at` to it, with slot and size written.
   * @param recordOctets a multiple of 8
   * @returns its place
   */
  append(slot: number, recordOctets: number): number {
    for (let i = 0; i < MAX_EMPTIED && this.hasTooManyHoles(); i++) this.emptyWorst();
    return this.write(slot, recordOctets);
  }

  private write(slot: number, recordOctets: number): number {
    const segment = this.roomFor(recordOctets);
    const at = segment.usedOctets;
    segment.usedOctets += recordOctets;
    segment.liveOctets += recordOctets;
    this.liveOctets += recordOctets;
    this.segment = segment;
    this.at = at;
    segment.words[at >> 2] = slot;
    segment.words[(at >> 2) + 1] = recordOctets / UNIT;
    return placeAt(segment, at);
  }

  private roomFor(recordOctets: number): Segment {
    if (recordOctets > this.segmentOctets / ALONE_PART) return this.newSegment(recordOctets);
    if (this.head && this.head.usedOctets + recordOctets <= this.head.sizeOctets) return this.head;
    this.head = this.newSegment(this.segmentOctets);
    return this.head;
  }

  private newSegment(sizeOctets: number): Segment {
    const segment = new Segment(this.freeIds.pop() ?? this.segments.length, sizeOctets);
    this.segments[segment.id] = segment;
    this.heldOctets += sizeOctets;
    return segment;
  }

  /** Points `segment` and `at` to the record at a place. */
  find(place: number): void {
    this.segment = this.segments[place >>> OFFSET_BITS]!;
    this.at = (place & OFFSET_MASK) * UNIT;
  }

  /** The record at this place is no longer needed. */
  release(place: number): void {
    this.find(place);
    const { segment, at } = this;
    const octets = sizeAt(segment, at);
    segment.liveOctets -= octets;
    this.liveOctets -= octets;
    if (segment.liveOctets === 0 && segment !== this.head) this.drop(segment);
  }

  clear(): void {
    this.segments.length = 0;
    this.freeIds.length = 0;
    this.head = undefined;
    this.heldOctets = 0;
    this.liveOctets = 0;
  }

  private hasTooManyHoles(): boolean {
    const spare = this.heldOctets - this.liveOctets;
    return spare > this.liveOctets / HOLE_PART + SPARE_SEGMENTS * this.segmentOctets;
  }

  private emptyWorst(): void {
    let worst: Segment | undefined;
    let mostLost = 0;
    for (const segment of this.segments) {
      if (segment === undefined || segment === this.head) continue;
      const lost = segment.sizeOctets - segment.liveOctets;
      if (lost <= mostLost) continue;
      mostLost = lost;
      worst = segment;
    }
    // Without another one, the holes are in the head, which is closed and is the next to be emptied.
    if (worst) this.empty(worst);
    else this.head = undefined;
  }

  private empty(from: Segment): void {
    const { placeOf, moved } = this.options;
    for (let at = 0; at < from.usedOctets; ) {
      const octets = sizeAt(from, at);
      const slot = from.words[at >> 2]!;
      if (placeOf(slot) === placeAt(from, at)) {
        const place = this.write(slot, octets);
        copyWords(from.words, at >> 2, this.segment.words, this.at >> 2, octets >> 2);
        this.liveOctets -= octets;
        moved(slot, place);
      }
      at += octets;
    }
    this.drop(from);
  }

  private drop(segment: Segment): void {
    this.segments[segment.id] = undefined;
    this.freeIds.push(segment.id);
    this.heldOctets -= segment.sizeOctets;
  }
}

function placeAt(segment: Segment, at: number): number {
  return ((segment.id << OFFSET_BITS) | (at / UNIT)) >>> 0;
}

function sizeAt(segment: Segment, at: number): number {
  return (segment.words[(at >> 2) + 1]! & 0xffff) * UNIT;
}

function copyWords(from: Uint32Array, start: number, to: Uint32Array, toStart: number, count: number): void {
  for (let i = 0; i < count; i++) to[toStart + i] = from[start + i]!;
}
