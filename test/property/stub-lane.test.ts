/**
 * The rule of the stub cache: what it sends is what the pipeline would have sent, octet for octet.
 *
 * Two pipelines over one resolver and one clock: one with a stub cache, one whose stub cache holds nothing. Random
 * queries go to both at random times. The resolver counts TTLs down as a cache does.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeapStubCache } from '../../src/cache/heap-stub-cache.js';
import { labelsOf, type Name } from '../../src/dns/name.js';
import { Pipeline } from '../../src/server/pipeline.js';
import { defaultServerSettings } from '../../src/server/settings.js';
import type { Message } from '../../src/wire/message.js';
import { edns, Harness, query, tcpClient, udpClient } from '../support/server-harness.js';
import { anyStep, cachingResolver } from '../support/stub-lane-world.js';

const nothingHeld = new HeapStubCache({ clock: new Harness().clock, maxOctets: 1 });

function twoLanes(): { h: Harness; plain: Pipeline } {
  const h: Harness = new Harness(
    cachingResolver(() => h),
    { identity: 'node-7' },
  );
  const plain = new Pipeline(
    { ...h.parts, stubCache: nothingHeld },
    { ...defaultServerSettings, identity: 'node-7' },
  );
  return { h, plain };
}

async function sendTo(
  h: Harness,
  pipeline: Pipeline,
  message: Message,
  tcp: boolean,
): Promise<Buffer | undefined> {
  const before = h.pipeline;
  h.pipeline = pipeline;
  const wire = await h.wire(message, tcp ? tcpClient : udpClient);
  h.pipeline = before;
  return wire;
}

describe('the stub-cache lane', () => {
  it('sends what the pipeline sends, octet for octet', async () => {
    let hits = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 20, maxLength: 60, size: 'max' }), async (steps) => {
        const { h, plain } = twoLanes();
        for (const { name, type, tcp, waitSec, edns: opt, ...more } of steps) {
          await h.clock.advance(waitSec * 1000);
          const message = query(name, type, { ...more, edns: opt && edns(opt) });
          const viaCache = await sendTo(h, h.pipeline, message, tcp);
          const viaResolver = await sendTo(h, plain, message, tcp);
          expect(viaCache?.toString('hex')).toBe(viaResolver?.toString('hex'));
        }
        hits += h.recorder.records.filter((record) => record.lookupClass === 'stub').length;
      }),
      { numRuns: 150, seed: 20_261_123 },
    );
    expect(hits).toBeGreaterThan(300); // or the property says nothing
  });

  it('keeps the labels of the question, whatever octets they hold', async () => {
    const { h, plain } = twoLanes();
    const label = '\0.\\\xffAZ@[`{';
    const spelling = `${String.fromCharCode(label.length)}${label}\x07Example\0`;
    const name = spelling.replace(/[A-Z]/g, (c) => c.toLowerCase()) as Name;
    const asked = query();
    const message = { ...asked, questions: [{ ...asked.questions[0]!, name, spelling }] };
    const [first, hit] = [
      await sendTo(h, h.pipeline, message, false),
      await sendTo(h, h.pipeline, message, false),
    ];
    expect(h.recorder.records.map((r) => r.lookupClass)).toEqual(['resolver', 'stub']);
    expect(hit).toEqual(first);
    expect(hit).toEqual(await sendTo(h, plain, message, false));
    expect(hit?.toString('latin1', 12, 12 + spelling.length)).toBe(spelling);
    expect(labelsOf(name)).toHaveLength(2);
  });
});
