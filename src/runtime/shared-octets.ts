/**
 * Memory that goes to other threads as it is: the structured clone hands over a view of shared memory without a copy.
 *
 * Used by whatever is made once and then only read by several threads: tables of rules, local zones.
 */

/** Octets in shared memory, all zero. What is never touched takes no memory of the system. */
export function sharedOctets(count: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(count));
}

/** Words in shared memory, all zero. */
export function sharedWords(count: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(count * 4));
}

/** The same memory as a Buffer again, which a clone of one is not. */
export function bufferOf(octets: Uint8Array): Buffer {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
}
