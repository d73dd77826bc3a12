/** Whatever is done to the file of a recording, it is refused with places, or replayed to some end. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { RecordingError } from '../../src/compose/recording/recording-error.js';
import { parseRecording, recordingText } from '../../src/compose/recording/recording-file.js';
import { replayRecording } from '../../src/compose/recording/replay.js';
import type { JsonObject } from '../../src/observe/sinks/json.js';
import { fuzzRounds, fuzzSeed, fuzzTimeoutMs } from '../support/fuzz-settings.js';
import { recordOver } from '../support/recorded-walk.js';

const names = ['www.example.com', 'www.expired.bogus.test', 'www.tcponly.test', 'www.twostep.test'];
let texts: string[] = [];
beforeAll(async () => {
  texts = await Promise.all(names.map(async (name) => recordingText((await recordOver(name)).recording)));
});

async function take(text: string): Promise<'refused' | 'replayed'> {
  try {
    const { report } = await replayRecording(parseRecording(text, 'f.json'));
    expect(['answer', 'nodata', 'nxdomain', 'failure']).toContain(report.outcome.kind);
    return 'replayed';
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    const lines = text.split('\n').length;
    expect(error.problems.length).toBeGreaterThan(0);
    for (const { message, line } of error.problems) {
      expect(message).not.toBe('');
      if (line !== undefined) expect(line).toBeLessThanOrEqual(lines + 1);
    }
    return 'refused';
  }
}

const which = fc.nat({ max: names.length - 1 });
const settings = (own: number, rounds: number) => ({ numRuns: fuzzRounds(rounds), seed: fuzzSeed(own) });

describe('a damaged recording', () => {
  it('may be cut off anywhere', { timeout: fuzzTimeoutMs }, async () => {
    await fc.assert(
      fc.asyncProperty(which, fc.double({ min: 0, max: 0.999, noNaN: true }), async (i, part) => {
        const text = texts[i]!.trimEnd();
        expect(await take(text.slice(0, Math.floor(part * text.length)))).toBe('refused');
      }),
      settings(1, 60),
    );
  });

  it('may have any chars changed', { timeout: fuzzTimeoutMs }, async () => {
    await fc.assert(
      fc.asyncProperty(
        which,
        fc.array(fc.tuple(fc.nat(), fc.string({ maxLength: 3 })), { minLength: 1, maxLength: 3 }),
        async (i, edits) => {
          let text = texts[i]!;
          for (const [at, put] of edits) {
            const place = at % text.length;
            text = text.slice(0, place) + put + text.slice(place + 1);
          }
          await take(text);
        },
      ),
      settings(2, 150),
    );
  });

  it('may have any octets of its packets changed', { timeout: fuzzTimeoutMs }, async () => {
    const flip = fc.tuple(
      fc.nat(),
      fc.constantFrom('query', 'response'),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
    );
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(which, fc.array(flip, { minLength: 1, maxLength: 4 }), async (i, flips) => {
        const json = JSON.parse(texts[i]!) as { exchanges: JsonObject[] };
        for (const [nth, key, at, bits] of flips) {
          const exchange = json.exchanges[nth % json.exchanges.length]!;
          if (typeof exchange[key] !== 'string') continue;
          const octets = Buffer.from(exchange[key], 'base64');
          octets[at % octets.length]! ^= bits;
          exchange[key] = octets.toString('base64');
        }
        seen.add(await take(JSON.stringify(json)));
      }),
      settings(3, 150),
    );
    expect([...seen].sort()).toEqual(['refused', 'replayed']);
  });

  it('may have any value anywhere', { timeout: fuzzTimeoutMs }, async () => {
    await fc.assert(
      fc.asyncProperty(which, fc.nat(), fc.jsonValue(), async (i, nth, value) => {
        const json = JSON.parse(texts[i]!) as JsonObject;
        const places = placesIn(json);
        const [holder, key] = places[nth % places.length]!;
        holder[key] = value;
        await take(JSON.stringify(json));
      }),
      settings(4, 200),
    );
  });
});

/** Every member of every object and list. */
function placesIn(value: unknown): [holder: JsonObject, key: string][] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as JsonObject;
  return Object.keys(holder).flatMap((key) => [
    [holder, key] as [JsonObject, string],
    ...placesIn(holder[key]),
  ]);
}
