import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader, frameMessage } from '../../../src/transport/tcp-framing.js';

describe('FrameReader', () => {
  it('gives back the messages of a stream that is cut anywhere', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 }),
        (messages, sizes) => {
          const stream = Buffer.concat(messages.map(frameMessage));
          const reader = new FrameReader();
          const read: Buffer[] = [];
          for (let at = 0, i = 0; at < stream.length; i++) {
            const size = sizes[i % sizes.length]!;
            reader.push(Buffer.from(stream.subarray(at, at + size)));
            at += size;
            for (let message = reader.next(); message; message = reader.next()) read.push(message);
          }
          expect(read.map((m) => m.toString('hex'))).toEqual(
            messages.map((m) => Buffer.from(m).toString('hex')),
          );
          expect(reader.partial).toBe(false);
        },
      ),
      { seed: 20260106 },
    );
  });

  it('knows when a message is incomplete', () => {
    const reader = new FrameReader();
    reader.push(Buffer.from([0]));
    expect([reader.next(), reader.partial]).toEqual([undefined, true]);
    reader.push(Buffer.from([1]));
    expect([reader.next(), reader.partial]).toEqual([undefined, true]);
    reader.push(Buffer.from([7]));
    expect(reader.next()).toEqual(Buffer.from([7]));
    expect([reader.next(), reader.partial]).toEqual([undefined, false]);
  });

  it('holds memory for what came and not for what was announced', () => {
    const reader = new FrameReader();
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 1000 }, () => new FrameReader());
    for (const each of readers) {
      each.push(Buffer.from([0xff]));
      each.push(Buffer.from([0xff]));
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 << 20);
    expect(reader.next()).toBeUndefined();
  });
});
