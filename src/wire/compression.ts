/**
 * Names with compression, for the writer.
 *
 * The table is keyed by the octets of the name's tail as it is to be written. Owner names are lower case, so
 * tails that differ in letter case only do not match, and a name in RDATA keeps its letter case. The question
 * is entered by its canonical form: what points at it takes on the spelling of the client.
 * RFC 1035 4.1.4. Limitations: at most 256 tails are remembered, so that a message with many names costs
 * linear time (CVE-2024-8508 was a resolver without such a limit).
 */
import type { Name, Octets } from '../dns/name.js';
import { writeOctets } from './octets.js';

const MAX_TAILS = 256;
/** A pointer has 14 bits. */
const MAX_TARGET = 0x3fff;

export class Compression {
  private readonly tails = new Map<Octets, number>();
  private entered: Name | undefined;
  private enteredAt = 0;

  constructor(private readonly buffer: Buffer) {}

  /** Enters the question's name, which stands uncompressed at `offset`; its tails only once they are asked for. */
  enter(name: Name, offset: number): void {
    this.entered = name;
    this.enteredAt = offset;
  }

  private rememberEntered(name: Name): void {
    this.entered = undefined;
    for (let i = 0; name.charCodeAt(i) !== 0; i += 1 + name.charCodeAt(i)) {
      this.remember(name.slice(i), this.enteredAt + i);
    }
  }

  /** Writes `name`, pointing at an earlier tail where there is one; returns the offset after it. */
  write(name: Octets, offset: number): number {
    const { buffer } = this;
    if (this.entered !== undefined) this.rememberEntered(this.entered);
    for (let i = 0; name.charCodeAt(i) !== 0; i += 1 + name.charCodeAt(i)) {
      const tail = i === 0 ? name : name.slice(i);
      const target = this.tails.get(tail);
      if (target !== undefined) {
        const at = writeOctets(buffer, offset, name.slice(0, i));
        buffer[at] = 0xc0 | (target >> 8);
        buffer[at + 1] = target & 255;
        return at + 2;
      }
      this.remember(tail, offset + i);
    }
    return writeOctets(buffer, offset, name);
  }

  private remember(tail: Octets, offset: number): void {
    if (offset <= MAX_TARGET && this.tails.size < MAX_TAILS) this.tails.set(tail, offset);
  }

  /** Forgets what was entered at `offset` or later, when the writer takes back what it wrote. */
  rewind(offset: number): void {
    for (const [tail, at] of this.tails) if (at >= offset) this.tails.delete(tail);
  }
}
