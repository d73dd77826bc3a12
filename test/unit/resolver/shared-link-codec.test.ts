import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseName } from '../../../src/dns/name.js';
import { RRType } from '../../../src/dns/registry.js';
import type { Link } from '../../../src/resolver/link.js';
import { SharedLinkCodec } from '../../../src/resolver/shared-link-codec.js';
import { rrset, soa } from '../../support/cache-fixtures.js';

const secret = 'a secret of these tests';
const fingerprint = Buffer.alloc(32, 1);
const codec = new SharedLinkCodec(secret, fingerprint);
const key = 'stratadns:1:x:A:www.example.';
const nowMs = Date.UTC(2026, 0, 1);
const name = parseName('www.example.');
const question = { name, type: RRType.A, class: 1 };
const zone = parseName('example.');
const common = {
  zone,
  security: 'secure',
  proof: [rrset('a.example.', 300, RRType.NSEC, ['\x01b\0'])],
  untilMs: 0,
} as const;
const ede = [{ code: 5, text: 'Grüße' }] as const;
const links: Link[] = [
  { kind: 'answer', rrsets: [rrset('www.example.', 300)], ...common, ede },
  {
    kind: 'alias',
    by: 'CNAME',
    rrsets: [rrset('www.example.', 300, RRType.CNAME, [zone])],
    target: zone,
    ...common,
  },
  { kind: 'nxdomain', soa: soa('example.', 300, 300), ...common },
];
const times = { aa: true, storedAtMs: nowMs, expiresAtMs: nowMs + 300_000, leaseUntilMs: Infinity };

/** Signs a body as a peer with the secret would. */
function sealed(body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(key.length);
  const mac = createHmac('sha256', secret).update(fingerprint).update(length).update(key).update(body);
  return Buffer.concat([body, mac.digest()]);
}

describe('a link on its way between resolvers', () => {
  it.each(links)('comes back as $kind with its TTLs counted down', (link) => {
    const value = codec.encode(key, { link, ...times })!;
    const back = codec.decode(key, question, value, nowMs + 100_000);
    if (typeof back === 'string') throw new Error(back);
    expect(back).toMatchObject({ ...times, link: { kind: link.kind, zone, security: 'secure' } });
    expect(back.link.proof).toEqual([{ ...common.proof[0], ttlSec: 200 }]);
    expect(back.link.ede).toEqual(link.ede);
    const own = 'rrsets' in back.link ? back.link.rrsets : [back.link.soa!];
    expect(own.map((r) => r.ttlSec)).toEqual(own.map(() => 200));
  });

  it('is refused when its time is over, or comes from the future', () => {
    const value = codec.encode(key, { link: links[0]!, ...times })!;
    expect(codec.decode(key, question, value, times.expiresAtMs - 1)).toBeTypeOf('object');
    expect(codec.decode(key, question, value, times.expiresAtMs)).toBe('old');
    expect(codec.decode(key, question, value, nowMs - 60_000)).toBe('old');
  });

  it('is refused under another key, secret or fingerprint', () => {
    const value = codec.encode(key, { link: links[0]!, ...times })!;
    expect(codec.decode(`${key}x`, question, value, nowMs)).toBe('mac');
    expect(new SharedLinkCodec('another secret!!', fingerprint).decode(key, question, value, nowMs)).toBe(
      'mac',
    );
    expect(new SharedLinkCodec(secret, Buffer.alloc(32)).decode(key, question, value, nowMs)).toBe('mac');
  });

  it('speaks of the question and of nothing else, even with a right MAC', () => {
    for (const link of links.slice(0, 2)) {
      const value = codec.encode(key, { link, ...times })!;
      const other = { ...question, name: parseName('other.example.') };
      expect(codec.decode(key, other, value, nowMs)).toBe('unsound');
    }
    const value = codec.encode(key, { link: links[0]!, ...times })!;
    expect(codec.decode(key, { ...question, type: RRType.AAAA }, value, nowMs)).toBe('unsound');
  });

  it('never throws, whatever stands in it under a right MAC', () => {
    const bodies = links.map((link) => {
      const value = codec.encode(key, { link, ...times })!;
      return value.subarray(0, value.length - 32);
    });
    const change = fc.tuple(fc.nat(2000), fc.integer({ min: 0, max: 255 }));
    const changed = fc.tuple(
      fc.constantFrom(...bodies),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.nat(400),
    );
    fc.assert(
      fc.property(changed, ([body, changes, cut]) => {
        const forged = Buffer.from(cut < body.length ? body.subarray(0, cut) : body);
        for (const [at, octet] of changes) if (forged.length > 0) forged[at % forged.length] = octet;
        const back = codec.decode(key, question, sealed(forged), nowMs + 1000);
        if (typeof back === 'string') return;
        expect(back.leaseUntilMs).toBeGreaterThanOrEqual(back.expiresAtMs);
        for (const r of back.link.kind === 'answer' ? back.link.rrsets : []) expect(r.name).toBe(name);
      }),
      { numRuns: 3000 },
    );
  });
});
