/**
 * The program on a network like the real one: NSD servers on port 53, 20 TLDs, 1000 zones, nothing of it ours.
 * What it answers is compared with what is right, and with what Unbound answers. Needs `npm run build`.
 */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeLab } from '../support/lab/lab-zones.js';
import { type LabAnswer, Laboratory } from '../support/lab/laboratory.js';
import { namespaceObstacle } from '../support/lab/namespace.js';

const missing = ['nsd', 'unbound'].filter((command) => spawnSync(command, ['-V']).error !== undefined);
const obstacle =
  process.platform !== 'linux'
    ? 'namespaces are a thing of Linux'
    : missing.length > 0
      ? `${missing.join(' and ')} cannot be found`
      : namespaceObstacle();
// Where it must work, its absence is a failure and not a gap in the report.
const required = process.env.CI !== undefined;
if (obstacle !== undefined) console.warn(`laboratory: not tested: ${obstacle}`);

const IN_FLIGHT = 50;
const lab = makeLab(1000);
const { expectations } = lab;

type Said = { rcode: string; answer: readonly string[]; ede?: readonly string[] } | undefined;

function say(answer: Said): string {
  return answer === undefined ? 'no answer' : [answer.rcode, ...answer.answer].join('\n       ');
}

if (obstacle !== undefined && required) {
  it('can make a laboratory', () => expect.fail(obstacle));
}

describe.skipIf(obstacle !== undefined)('on 1000 zones of real servers', () => {
  let laboratory: Laboratory;
  let ours: (LabAnswer | undefined)[] = [];
  let again: (LabAnswer | undefined)[] = [];
  let unbound: (LabAnswer | undefined)[] = [];

  beforeAll(async () => {
    laboratory = await Laboratory.open(lab);
    const program = await laboratory.startOurs();
    ours = await laboratory.askAll('ours', expectations, IN_FLIGHT);
    again = await laboratory.askAll('ours', expectations, IN_FLIGHT);
    program.kill('SIGTERM');
    await laboratory.startUnbound();
    unbound = await laboratory.askAll('unbound', expectations, IN_FLIGHT);
  }, 180_000);
  afterAll(() => laboratory?.close());

  /** What differs, in lines for the report; the first few with the tree of a walk with empty caches. */
  async function differences(wanted: readonly Said[], found: readonly Said[]): Promise<string[]> {
    const wrong = expectations.flatMap((asked, i) => {
      const [want, got] = [say(wanted[i]), say(found[i])];
      const why = found[i]?.ede?.join('; ') ?? '';
      return want === got ? [] : [{ asked, text: `wanted ${want}\ngot    ${got} ${why}` }];
    });
    if (wrong.length === 0) return [];
    const lines = wrong.slice(0, 20).map(({ asked, text }) => `${asked.name} ${asked.type}\n${text}`);
    const traces = await Promise.all(wrong.slice(0, 3).map(({ asked }) => laboratory.trace(asked)));
    return [`${wrong.length} of ${expectations.length}`, ...lines, ...traces];
  }

  it('answers every question right the first time', async () => {
    expect(await differences(expectations, ours)).toEqual([]);
    expect(ours.filter((answer) => answer!.tries > 1)).toEqual([]);
  });

  it('answers them again the same', async () => {
    expect(await differences(expectations, again)).toEqual([]);
  });

  it('answers as Unbound does', async () => {
    expect(await differences(unbound, ours)).toEqual([]);
  });
});
