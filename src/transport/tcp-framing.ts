/**
 * DNS over a byte stream: each message after its length in two octets (RFC 1035 4.2.2, RFC 7766 8).
 *
 * Used by both directions. Memory follows what really came in, not what a length promises, so that many
 * clients that announce 65535 octets and then send one by one cost little.
 */

const LENGTH_OCTETS = 2;
const FIRST_BLOCK_OCTETS = 512;
const EMPTY = Buffer.alloc(0);

/** Cuts a stream into messages. */
export class FrameReader {
  private block: Buffer = EMPTY;
  private start = 0;
  private end = 0;
  /** False while `block` is a chunk of the stream's, which must not be written to. */
  private owned = false;

  /** Takes the next chunk. It is kept, not copied, when nothing was left over. */
  push(chunk: Buffer): void {
    if (this.start === this.end) {
      this.block = chunk;
      this.start = 0;
      this.end = chunk.length;
      this.owned = false;
      return;
    }
    if (!this.owned || this.end + chunk.length > this.block.length) this.grow(chunk.length);
    chunk.copy(this.block, this.end);
    this.end += chunk.length;
  }

  /** Doubles, so that a message that comes in single octets is copied a constant number of times. */
  private grow(more: number): void {
    const rest = this.block.subarray(this.start, this.end);
    const block = Buffer.allocUnsafeSlow(Math.max(FIRST_BLOCK_OCTETS, 2 * (rest.length + more)));
    rest.copy(block);
    this.block = block;
    this.start = 0;
    this.end = rest.length;
    this.owned = true;
  }

  /** The next whole message, a view that stays unchanged; undefined when none is complete. */
  next(): Buffer | undefined {
    const held = this.end - this.start;
    if (held < LENGTH_OCTETS) return undefined;
    const length = this.block.readUInt16BE(this.start);
    if (held < LENGTH_OCTETS + length) return undefined;
    const from = this.start + LENGTH_OCTETS;
    this.start = from + length;
    return this.block.subarray(from, this.start);
  }

  /** True when a message has begun and is not complete. Only of meaning after `next` gave undefined. */
  get partial(): boolean {
    return this.end > this.start;
  }
}

/** A message with its length in front, in one buffer, so that it leaves in one segment (RFC 7766 8). */
export function frameMessage(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(LENGTH_OCTETS + message.length);
  framed.writeUInt16BE(message.length, 0);
  framed.set(message, LENGTH_OCTETS);
  return framed;
}
