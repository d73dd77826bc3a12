/** The filter agrees with what a purge of running caches would take. */
import { describe, expect, it } from 'vitest';
import type { Flush } from '../../../src/cache/flush.js';
import { FlushFilter } from '../../../src/cache/flush-filter.js';
import { HeapStubCache } from '../../../src/cache/heap-stub-cache.js';
import { parseName, ROOT } from '../../../src/dns/name.js';
import { RRType } from '../../../src/dns/registry.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import { addressResponse, response, stubKey } from '../../support/stub-cache-contract.js';

const name = parseName('a.test.');
const flushes: Flush[] = [
  { name, subtree: false },
  { name, subtree: true },
  { name, subtree: false, type: RRType.A },
  { name, subtree: true, type: RRType.AAAA },
  { name, subtree: true, negatives: true },
  { name, subtree: false, layers: ['stub'] },
  { name, subtree: true, layers: ['resolver'] },
  { name: ROOT, subtree: true },
];

function answers(): [string, Buffer][] {
  const nxdomain = response('gone.a.test.', []);
  nxdomain[3] = 3;
  const cname = { owner: 12, type: RRType.CNAME, ttlSec: 300, rdata: parseName('a.test.') };
  const address = { owner: 'a.test.', type: RRType.A, ttlSec: 300, rdata: '\xc0\0\x02\x01' };
  return [
    ['a.test.', addressResponse('a.test.', 300)],
    ['www.a.test.', addressResponse('www.a.test.', 300)],
    ['alias.example.', response('alias.example.', [cname, address])],
    ['gone.a.test.', nxdomain],
    ['other.example.', addressResponse('other.example.', 300)],
  ];
}

describe('a filter of flushes', () => {
  it.each(flushes.map((flush) => [JSON.stringify({ ...flush, name: undefined }), flush] as const))(
    'keeps out the whole answers that a purge takes: %s',
    (_words, flush) => {
      const clock = new VirtualClock();
      const filter = new FlushFilter();
      filter.add(flush);
      for (const [owner, wire] of answers()) {
        const cache = new HeapStubCache({ clock, maxOctets: 1 << 20 });
        cache.put(stubKey(owner), wire, clock.wallMs(), clock.wallMs() + 300_000);
        const takes = flush.layers?.includes('stub') !== false && cache.purge(flush.name, flush) === 1;
        expect(filter.coversAnswer(stubKey(owner), wire), owner).toBe(takes);
      }
    },
  );

  it('finds a flush at the name and at those above, by layer and type', () => {
    const filter = new FlushFilter();
    expect(filter.isEmpty).toBe(true);
    filter.add({ name, subtree: true, type: RRType.A });
    filter.add({ name: parseName('b.test.'), subtree: false, layers: ['negative'] });
    const www = parseName('www.a.test.');
    expect(filter.covers('resolver', www, RRType.A)).toBe(true);
    expect(filter.covers('resolver', www, RRType.MX)).toBe(false);
    expect(filter.covers('negative', www, 0)).toBe(true);
    expect(filter.covers('delegation', name, RRType.NS)).toBe(false);
    expect(filter.covers('negative', parseName('b.test.'), RRType.MX)).toBe(true);
    expect(filter.covers('negative', parseName('www.b.test.'), RRType.MX)).toBe(false);
    expect(filter.covers('resolver', parseName('b.test.'), RRType.MX)).toBe(false);
    expect(filter.covers('resolver', parseName('test.'), RRType.A)).toBe(false);
  });
});
