import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Trust } from '../../../src/compose/trust.js';
import { parseConfig } from '../../../src/config/load.js';
import { ROOT } from '../../../src/dns/name.js';
import { RRClass, RRType } from '../../../src/dns/registry.js';
import type { RRset } from '../../../src/dns/rrset.js';
import { dsRdata, type SigningKey, signRRset } from '../../../src/dnssec/signing-key.js';
import type { RecursiveResolver } from '../../../src/resolver/contract.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import { FakeLog } from '../../support/server-harness.js';
import { fixedKey } from '../../support/signed-net.js';

const DAY_MS = 86_400_000;
const old = fixedKey('old');
const next = fixedKey('next');
const forged = fixedKey('forged');

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'trust-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** The root's DNSKEY RRset with these keys, signed by those. */
function dnskeys(keys: readonly SigningKey[], signers: readonly SigningKey[]): RRset {
  const rdatas = keys.map((key) => key.rdata);
  const rrset = {
    name: ROOT,
    type: RRType.DNSKEY,
    class: RRClass.IN,
    ttlSec: 172_800,
    rdatas,
    signatures: [],
  };
  const times = { inceptionSec: Date.UTC(2025, 0, 1) / 1000, expirationSec: Date.UTC(2028, 0, 1) / 1000 };
  return { ...rrset, signatures: signers.map((key) => signRRset(rrset, key, ROOT, times)) };
}

class World implements RecursiveResolver {
  readonly clock = new VirtualClock();
  readonly log = new FakeLog();
  shown: RRset | undefined;
  readonly file = join(dir, 'anchors.json');

  trust(extra = ''): Trust {
    const ds = `. DS ${old.keyTag} 15 2 ${Buffer.from(dsRdata(ROOT, old).slice(4), 'latin1').toString('hex')}`;
    const config = parseConfig(
      `dnssec: { trustAnchors: ["${ds}"], anchorState: "${this.file}"${extra} }`,
      'test',
    );
    const trust = new Trust({ config, clock: this.clock, log: this.log });
    trust.start(this);
    return trust;
  }

  async resolve() {
    const none = { lookupClass: 'walked', budget: undefined, keepUntilMs: undefined } as const;
    if (!this.shown) return { ...none, outcome: { kind: 'failure', reason: 'timeout', ede: [] } as const };
    const common = { aliases: [], proof: [], security: 'secure' } as const;
    return { ...none, outcome: { kind: 'answer', rrsets: [this.shown], ...common } as const };
  }

  async days(count: number): Promise<void> {
    for (let day = 0; day < count; day++) await this.clock.advance(DAY_MS);
  }
}

const tags = (trust: Trust) => [...trust.rootKeyTags()].sort();
const both = [old.keyTag, next.keyTag].sort();

describe('trust anchors that roll over', () => {
  it('take a new key after it was shown for 30 days, and not before', async () => {
    const world = new World();
    const trust = world.trust();
    world.shown = dnskeys([old], [old]);
    await world.days(1);
    expect(tags(trust)).toEqual([old.keyTag]);
    world.shown = dnskeys([old, next], [old]);
    await world.days(29);
    expect(tags(trust)).toEqual([old.keyTag]);
    await world.days(4);
    expect(tags(trust)).toEqual(both);
  });

  it('do not believe a key that no anchor signed', async () => {
    const world = new World();
    const trust = world.trust();
    world.shown = dnskeys([old], [old]);
    await world.days(1);
    world.shown = dnskeys([old, forged], [forged]);
    await world.days(40);
    expect(tags(trust)).toEqual([old.keyTag]);
  });

  it('outlive the process', async () => {
    const world = new World();
    const first = world.trust();
    world.shown = dnskeys([old], [old]);
    await world.days(1);
    world.shown = dnskeys([old, next], [old]);
    await world.days(35);
    first.stop();
    world.shown = undefined;
    expect(tags(world.trust())).toEqual(both);
  });

  it('keep what they have while nobody answers', async () => {
    const world = new World();
    const trust = world.trust();
    await world.days(40);
    expect(tags(trust)).toEqual([old.keyTag]);
  });

  it.each([
    ['cut short', '{"format":"stratadns-anchors-1","zones":[{"zo'],
    ['of something else', '{"format":"other","zones":[]}'],
    [
      'with a key without state',
      '{"format":"stratadns-anchors-1","zones":[{"zone":".","keys":[{"rdata":""}]}]}',
    ],
  ])('start from the configuration when the file is %s', (_what, text) => {
    const world = new World();
    writeFileSync(world.file, text);
    expect(tags(world.trust())).toEqual([old.keyTag]);
    expect(world.log.lines).toMatchObject([{ level: 'warn', fields: { file: world.file } }]);
    expect(readFileSync(world.file, 'utf8')).toBe(text);
  });
});

describe('an anchor that never matches', () => {
  it('is said in the log, and does not stop the others', () => {
    const log = new FakeLog();
    const lines = [`. DS 1 8 2 ABCD`, `. DS 7 8 2 ${'AB'.repeat(32)}`];
    const config = parseConfig(`dnssec: { trustAnchors: ${JSON.stringify(lines)} }`, 'test');
    const trust = new Trust({ config, clock: new VirtualClock(), log });
    expect(log.lines).toMatchObject([
      { level: 'warn', fields: { zone: '.', why: expect.stringMatching(/64 hexadecimal digits/) } },
    ]);
    expect([...trust.rootKeyTags()]).toEqual([1, 7]);
  });
});

describe('negative trust anchors', () => {
  it('end after their life, with a line in the log', async () => {
    const world = new World();
    world.trust(', negativeTrustAnchors: [broken.example.], negativeTrustAnchorLife: 1h');
    await world.clock.advance(3_599_000);
    const warned = () => world.log.lines.filter((line) => line.level === 'warn');
    expect(warned()).toEqual([]);
    await world.clock.advance(1000);
    expect(warned()).toMatchObject([{ fields: { names: ['broken.example.'] } }]);
  });
});
