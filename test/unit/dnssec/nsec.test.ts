/** What NSEC records prove, and what they must not be taken to prove. */
import { describe, expect, test } from 'vitest';
import { parseName, ROOT } from '../../../src/dns/name.js';
import { parseType, RRType } from '../../../src/dns/registry.js';
import { NsecProofs } from '../../../src/dnssec/nsec.js';
import type { Nsec } from '../../../src/dnssec/records.js';
import { encodeBitmap } from '../../../src/wire/rdata/bitmap.js';

/** `a.test. b.test. A NS` */
function nsec(line: string): Nsec {
  const [owner, next, ...types] = line.split(' ');
  return {
    owner: parseName(owner!),
    next: parseName(next!),
    types: encodeBitmap(types.map((t) => parseType(t)!)),
  };
}

function proofs(...lines: string[]): NsecProofs {
  return new NsecProofs(parseName('test.'), lines.map(nsec));
}

const name = parseName;
const proven = { kind: 'proven', optOut: false };
const unproven = { kind: 'unproven' };

describe('a name error', () => {
  test('needs the name and the wildcard covered', () => {
    expect(proofs('test. b.test. SOA NS').nxdomain(name('a.test.'))).toEqual(proven);
    expect(proofs('a.test. c.test. A').nxdomain(name('b.test.'))).toMatchObject(unproven);
    expect(proofs('a.test. c.test. A', 'test. a.test. SOA NS').nxdomain(name('b.test.'))).toEqual(proven);
  });

  test('asks for the wildcard below the closest encloser, not the parent', () => {
    const zone = proofs('a.test. y.z.test. A', 'test. a.test. SOA NS');
    expect(zone.nxdomain(name('x.w.z.test.'))).toEqual(proven);
    // z.test. exists as it has names below; *.z.test. lies in the same gap, *.w.z.test. is not asked for.
    const exists = proofs('a.z.test. y.z.test. A', 'test. a.z.test. SOA NS');
    expect(exists.nxdomain(name('b.c.z.test.'))).toEqual(proven);
    expect(proofs('a.z.test. y.z.test. A').nxdomain(name('b.c.z.test.'))).toMatchObject(unproven);
  });

  test('is not proven for a name with names below it', () => {
    expect(proofs('test. x.ent.test. SOA NS').nxdomain(name('ent.test.'))).toMatchObject(unproven);
  });

  test('is not proven where the wildcard has names below it', () => {
    expect(proofs('b.test. d.test. A', 'test. x.*.test. SOA NS').nxdomain(name('c.test.'))).toMatchObject(
      unproven,
    );
  });

  test('is proven by the last record for what comes after it, and by the only one for all', () => {
    expect(proofs('y.test. test. A', 'test. a.test. SOA NS').nxdomain(name('z.test.'))).toEqual(proven);
    expect(proofs('test. test. SOA NS').nxdomain(name('a.b.test.'))).toEqual(proven);
  });

  test.each([
    ['a delegation', 'sub.test. z.test. NS', 'x.sub.test.'],
    ['a DNAME', 'sub.test. z.test. DNAME', 'x.sub.test.'],
  ])('below %s is not for this record to prove (RFC 6840 4.1)', (_what, line, qname) => {
    expect(proofs(line, 'test. sub.test. SOA NS').nxdomain(name(qname))).toMatchObject(unproven);
  });

  test('below an apex is for its own record to prove', () => {
    expect(proofs('test. z.test. NS SOA').nxdomain(name('x.test.'))).toEqual(proven);
  });

  test.each([
    ['another zone', 'test. a.other. SOA NS'],
    ['the zone above', 'test. . SOA NS'],
    ['a name before the owner that is not the apex', 'b.test. a.test. A'],
  ])('is not proven by a record whose next name is %s', (_what, line) => {
    expect(proofs(line, 'test. b.test. SOA NS').nxdomain(name('c.test.'))).toMatchObject(unproven);
    expect(proofs(line).nxdomain(name('c.test.'))).toMatchObject(unproven);
  });

  test('is not proven for names outside the zone', () => {
    expect(proofs('test. test. SOA NS').nxdomain(name('other.'))).toMatchObject(unproven);
  });
});

describe('no data', () => {
  test('needs a record at the name that has neither the type nor a CNAME', () => {
    const zone = proofs('a.test. b.test. A RRSIG NSEC', 'b.test. c.test. CNAME');
    expect(zone.nodata(name('a.test.'), RRType.AAAA)).toEqual(proven);
    expect(zone.nodata(name('a.test.'), RRType.A)).toMatchObject(unproven);
    expect(zone.nodata(name('b.test.'), RRType.A)).toMatchObject(unproven);
  });

  test('is proven for an empty non-terminal by a gap that ends below it', () => {
    expect(proofs('a.test. x.ent.test. A').nodata(name('ent.test.'), RRType.A)).toEqual(proven);
    expect(proofs('a.test. x.ent.test. A').nodata(name('b.test.'), RRType.A)).toMatchObject(unproven);
  });

  test('comes from the right side of a zone cut', () => {
    const parent = proofs('sub.test. z.test. NS RRSIG NSEC');
    expect(parent.nodata(name('sub.test.'), RRType.DS)).toEqual(proven);
    expect(parent.nodata(name('sub.test.'), RRType.A)).toMatchObject(unproven);
    const child = proofs('sub.test. z.sub.test. NS SOA');
    expect(child.nodata(name('sub.test.'), RRType.A)).toEqual(proven);
    expect(child.nodata(name('sub.test.'), RRType.DS)).toMatchObject(unproven);
    expect(new NsecProofs(ROOT, [nsec('. test. NS SOA')]).nodata(ROOT, RRType.DS)).toEqual(proven);
  });

  test('from a wildcard needs the name covered and the wildcard without the type', () => {
    const zone = proofs('*.w.test. z.w.test. A', 'test. *.w.test. SOA NS');
    expect(zone.nodata(name('x.w.test.'), RRType.AAAA)).toEqual(proven);
    expect(zone.nodata(name('x.w.test.'), RRType.A)).toMatchObject(unproven);
    expect(proofs('*.w.test. a.w.test. A').nodata(name('x.w.test.'), RRType.AAAA)).toMatchObject(unproven);
  });

  test('from a wildcard further up is not proven when a closer name exists', () => {
    const zone = proofs('*.test. a.test. A', 'b.x.test. z.test. A');
    expect(zone.nodata(name('c.x.test.'), RRType.AAAA)).toMatchObject(unproven);
  });
});

describe('a wildcard answer', () => {
  test('needs the name covered', () => {
    expect(proofs('a.test. z.test. A').wildcardAnswer(name('x.test.'), name('test.'))).toEqual(proven);
    expect(proofs('a.test. b.test. A').wildcardAnswer(name('x.test.'), name('test.'))).toMatchObject(
      unproven,
    );
    expect(proofs('a.test. y.x.test. A').wildcardAnswer(name('x.test.'), name('test.'))).toMatchObject(
      unproven,
    );
  });

  test('is wrong when a name closer than the wildcard exists', () => {
    const zone = proofs('a.sub.test. z.sub.test. A');
    expect(zone.wildcardAnswer(name('x.sub.test.'), name('sub.test.'))).toEqual(proven);
    expect(zone.wildcardAnswer(name('x.sub.test.'), name('test.'))).toMatchObject(unproven);
  });
});

describe('a delegation', () => {
  test('is unsigned where NS stands without DS and SOA', () => {
    expect(proofs('sub.test. z.test. NS').delegation(name('sub.test.'))).toEqual({
      kind: 'insecure',
      optOut: false,
    });
    expect(proofs('sub.test. z.test. NS DS').delegation(name('sub.test.'))).toMatchObject(unproven);
    expect(proofs('sub.test. z.sub.test. NS SOA').delegation(name('sub.test.'))).toMatchObject(unproven);
  });

  test('is none at other names, empty non-terminals, and names that do not exist', () => {
    expect(proofs('a.test. z.test. A').delegation(name('a.test.'))).toEqual({
      kind: 'no-cut',
      absent: false,
    });
    expect(proofs('a.test. x.ent.test. A').delegation(name('ent.test.'))).toEqual({
      kind: 'no-cut',
      absent: false,
    });
    expect(proofs('a.test. z.test. A').delegation(name('b.test.'))).toEqual({ kind: 'no-cut', absent: true });
    expect(proofs('sub.test. z.test. NS').delegation(name('x.sub.test.'))).toMatchObject(unproven);
  });
});
