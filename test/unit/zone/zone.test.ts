import { describe, expect, test } from 'vitest';
import { formatName, parseName } from '../../../src/dns/name.js';
import { RRType } from '../../../src/dns/registry.js';
import { loadZoneText } from '../../../src/zone/build.js';
import type { Zone } from '../../../src/zone/zone.js';

const zone: Zone = loadZoneText(`
$ORIGIN example.
$TTL 3600
@ SOA ns host 1 2 3 4 300
@ NS ns
ns A 192.0.2.1
a.b.c TXT x
*.w TXT x
cut NS ns.deep.cut
ns.deep.cut A 192.0.2.2
inner.cut NS ns
d DNAME x.
@ NSEC c.example. SOA
c NSEC w.example. TXT
w NSEC example. TXT
`).zone!;

const name = parseName;

describe('a zone', () => {
  test('knows empty non-terminals, and no names beyond', () => {
    expect(zone.has(name('b.c.example.'))).toBe(true);
    expect(zone.node(name('b.c.example.'))!.size).toBe(0);
    expect(zone.has(name('x.c.example.'))).toBe(false);
    expect(zone.has(name('example.'))).toBe(true);
    expect(zone.has(name('other.'))).toBe(false);
  });

  test('RFC 2308 3: has a SOA for negative answers with the lower of its TTL and minimum', () => {
    expect([zone.soa.ttlSec, zone.negativeSoa.ttlSec]).toEqual([3600, 300]);
  });

  test('finds the highest zone cut at or above a name, and none at the apex', () => {
    const cutOf = (text: string) => {
      const cut = zone.cutAt(name(text));
      return cut && formatName(cut.name);
    };
    expect(cutOf('example.')).toBeUndefined();
    expect(cutOf('ns.example.')).toBeUndefined();
    expect(cutOf('cut.example.')).toBe('cut.example.');
    expect(cutOf('www.inner.cut.example.')).toBe('cut.example.');
  });

  test('finds a DNAME above a name, but not at it', () => {
    expect(zone.dnameAbove(name('x.d.example.'))).toBeDefined();
    expect(zone.dnameAbove(name('d.example.'))).toBeUndefined();
  });

  test('finds the closest encloser, and the wildcard there', () => {
    expect(formatName(zone.closestEncloser(name('x.y.b.c.example.')))).toBe('b.c.example.');
    expect(formatName(zone.closestEncloser(name('nothing.example.')))).toBe('example.');
    expect(zone.wildcardNode(name('w.example.'))?.node.has(RRType.TXT)).toBe(true);
    expect(zone.wildcardNode(name('example.'))).toBeUndefined();
  });

  test('finds the NSEC that matches or covers a name in canonical order', () => {
    const ownerFor = (text: string) => formatName(zone.nsecFor(name(text))!.name);
    expect(ownerFor('example.')).toBe('example.');
    expect(ownerFor('a.b.c.example.')).toBe('c.example.');
    expect(ownerFor('b.example.')).toBe('example.');
    expect(ownerFor('zzz.example.')).toBe('w.example.');
  });
});

const nsec3Zone = loadZoneText(`
$ORIGIN example.
$TTL 60
@ SOA ns host 1 2 3 4 5
@ NS ns
@ NSEC3PARAM 1 0 12 aabbccdd
ns A 192.0.2.1
; RFC 5155 appendix A gives the hashes of example. and ns1.example. for these parameters
0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr NS SOA
2t7b4g4vsa5smi47k61mv5bv1a22bojr NSEC3 1 1 12 aabbccdd 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A
; of an older chain with another salt: not used
35mthgpgcu1qg68fab165klnsnk3dpvl NSEC3 1 1 12 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A
`).zone!;

describe('an NSEC3 chain', () => {
  const chain = nsec3Zone.nsec3!;
  const label = (text: string) => text.slice(0, 6);

  test('RFC 5155 A: matches names by their hash', () => {
    expect(label(formatName(chain.matching(name('example.'))!.name))).toBe('0p9mha');
    expect(label(formatName(chain.matching(name('ns1.example.'))!.name))).toBe('2t7b4g');
    expect(chain.matching(name('x.example.'))).toBeUndefined();
  });

  test('covers every other name, around the end too, with NSEC3s of its own parameters only', () => {
    for (let i = 0; i < 40; i++) {
      expect(['0p9mha', '2t7b4g']).toContain(label(formatName(chain.covering(name(`n${i}.example.`)).name)));
    }
  });

  test('RFC 5155 7.2.8: its owners are no names of the zone', () => {
    expect(nsec3Zone.has(name('0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.'))).toBe(false);
  });

  test('shows the closest encloser that it can prove, and the name below it', () => {
    const { name: encloser, nextCloser } = chain.closestProvable(name('a.b.ns1.example.'))!;
    expect([formatName(encloser), formatName(nextCloser!)]).toEqual(['ns1.example.', 'b.ns1.example.']);
  });

  test('is not there without NSEC3PARAM', () => {
    expect(zone.nsec3).toBeUndefined();
  });
});
