/** What NSEC3 records prove, and what they must not be taken to prove. */
import { describe, expect, test } from 'vitest';
import { parseName } from '../../../src/dns/name.js';
import { parseType, RRType } from '../../../src/dns/registry.js';
import { coversHash, Nsec3Hasher, Nsec3Proofs, nsec3Hash } from '../../../src/dnssec/nsec3.js';
import type { Nsec3 } from '../../../src/dnssec/records.js';
import { encodeBitmap } from '../../../src/wire/rdata/bitmap.js';
import { budgetOf } from '../../support/signed-data.js';

const zone = parseName('test.');
const salt = '\xaa';
const iterations = 1;

/** The octet string one before or after, as a number: for gaps around a hash. */
function step(hash: string, by: 1 | -1): string {
  return hash.slice(0, -1) + String.fromCharCode(hash.charCodeAt(19) + by);
}

function record(change: Partial<Nsec3>): Nsec3 {
  const base = {
    owner: zone,
    hash: '',
    zone,
    hashAlgorithm: 1,
    flags: 0,
    iterations,
    salt,
    nextHash: '',
    types: '',
  };
  return { ...base, ...change };
}

function hashOf(name: string): string {
  return nsec3Hash(parseName(name), salt, iterations);
}

/** The record at `name`, its gap empty. */
function at(name: string, types = ''): Nsec3 {
  const hash = hashOf(name);
  const list = types === '' ? [] : types.split(' ').map((t) => parseType(t)!);
  return record({ hash, nextHash: step(hash, 1), types: encodeBitmap(list) });
}

/** A record whose gap holds only `name`. */
function around(name: string, flags = 0): Nsec3 {
  return record({ hash: step(hashOf(name), -1), nextHash: step(hashOf(name), 1), flags });
}

function proofs(records: Nsec3[], budget = budgetOf()): Nsec3Proofs {
  return new Nsec3Proofs(zone, records, new Nsec3Hasher(), budget);
}

const name = parseName;
const proven = { kind: 'proven', optOut: false };
const unproven = { kind: 'unproven' };
const apex = at('test.', 'SOA NS');

describe('a name error', () => {
  test('needs closest encloser, next closer name and wildcard', () => {
    const full = [apex, around('b.test.'), around('*.test.')];
    expect(proofs(full).nxdomain(name('a.b.test.'))).toEqual(proven);
    for (const left of full) {
      expect(proofs(full.filter((r) => r !== left)).nxdomain(name('a.b.test.'))).toMatchObject(unproven);
    }
  });

  test('is not proven for a name that exists, nor by a gap around the name instead of the next closer', () => {
    expect(proofs([at('a.test.', 'A'), around('*.test.'), apex]).nxdomain(name('a.test.'))).toMatchObject(
      unproven,
    );
    expect(proofs([apex, around('a.b.test.'), around('*.test.')]).nxdomain(name('a.b.test.'))).toMatchObject(
      unproven,
    );
  });

  test.each(['NS', 'DNAME', 'NS DS RRSIG'])('below a name with %s is not for this zone to prove', (types) => {
    const records = [at('sub.test.', types), around('x.sub.test.'), around('*.sub.test.')];
    expect(proofs(records).nxdomain(name('x.sub.test.'))).toMatchObject(unproven);
  });

  test('in an opt-out span is proven, but not secure', () => {
    const records = [apex, around('b.test.', 1), around('*.test.')];
    expect(proofs(records).nxdomain(name('b.test.'))).toEqual({ kind: 'proven', optOut: true });
  });
});

describe('no data', () => {
  test('needs the record of the name, without the type or a CNAME, from the right side of a cut', () => {
    expect(proofs([at('a.test.', 'A')]).nodata(name('a.test.'), RRType.AAAA)).toEqual(proven);
    expect(proofs([at('a.test.', 'A')]).nodata(name('a.test.'), RRType.A)).toMatchObject(unproven);
    expect(proofs([at('a.test.', 'CNAME')]).nodata(name('a.test.'), RRType.A)).toMatchObject(unproven);
    expect(proofs([at('a.test.', 'NS')]).nodata(name('a.test.'), RRType.A)).toMatchObject(unproven);
    expect(proofs([at('a.test.', 'NS')]).nodata(name('a.test.'), RRType.DS)).toEqual(proven);
    expect(proofs([apex]).nodata(zone, RRType.DS)).toMatchObject(unproven);
    expect(proofs([at('ent.test.')]).nodata(name('ent.test.'), RRType.A)).toEqual(proven);
  });

  test('from a wildcard needs the encloser, the next closer name and the wildcard', () => {
    const full = [apex, around('b.test.'), at('*.test.', 'A')];
    expect(proofs(full).nodata(name('a.b.test.'), RRType.AAAA)).toEqual(proven);
    expect(proofs(full).nodata(name('a.b.test.'), RRType.A)).toMatchObject(unproven);
    for (const left of full) {
      const rest = full.filter((r) => r !== left);
      expect(proofs(rest).nodata(name('a.b.test.'), RRType.AAAA)).toMatchObject(unproven);
    }
  });
});

test('a wildcard answer needs the next closer name covered', () => {
  expect(proofs([around('b.test.')]).wildcardAnswer(name('a.b.test.'), zone)).toEqual(proven);
  expect(proofs([around('a.b.test.')]).wildcardAnswer(name('a.b.test.'), zone)).toMatchObject(unproven);
  expect(proofs([around('b.test.', 1)]).wildcardAnswer(name('a.b.test.'), zone)).toEqual({
    kind: 'proven',
    optOut: true,
  });
});

describe('a delegation', () => {
  test('is unsigned where NS stands without DS, or in an opt-out span', () => {
    expect(proofs([at('sub.test.', 'NS')]).delegation(name('sub.test.'))).toEqual({
      kind: 'insecure',
      optOut: false,
    });
    expect(proofs([apex, around('sub.test.', 1)]).delegation(name('sub.test.'))).toEqual({
      kind: 'insecure',
      optOut: true,
    });
    expect(proofs([at('sub.test.', 'NS DS')]).delegation(name('sub.test.'))).toMatchObject(unproven);
    expect(proofs([at('sub.test.', 'NS SOA')]).delegation(name('sub.test.'))).toMatchObject(unproven);
  });

  test('is none at a name with other data, or without any in a closed span', () => {
    expect(proofs([at('a.test.', 'A')]).delegation(name('a.test.'))).toEqual({
      kind: 'no-cut',
      absent: false,
    });
    expect(proofs([apex, around('a.test.')]).delegation(name('a.test.'))).toEqual({
      kind: 'no-cut',
      absent: true,
    });
    expect(proofs([around('a.test.', 1)]).delegation(name('a.test.'))).toMatchObject(unproven);
  });
});

describe('records that do not count', () => {
  const full = [apex, around('b.test.'), around('*.test.')];
  test.each<[string, Partial<Nsec3>]>([
    ['another hash algorithm', { hashAlgorithm: 2 }],
    ['an unknown flag', { flags: 2 }],
    ['an owner that is not right below the apex', { zone: parseName('other.') }],
    ['another salt than the first record', { salt: 'b' }],
    ['another number of iterations than the first record', { iterations: 2 }],
    ['a hash of another length', { hash: 'x', nextHash: 'y' }],
  ])('have %s', (_what, change) => {
    const [first, ...rest] = full;
    expect(proofs([first!, { ...rest[0]!, ...change }, rest[1]!]).nxdomain(name('b.test.'))).toMatchObject(
      unproven,
    );
  });
});

describe('work', () => {
  const many = (iterations: number, ...names: string[]) =>
    names.map((text) => {
      const hash = nsec3Hash(parseName(text), salt, iterations);
      return record({ iterations, hash, nextHash: step(hash, 1), types: encodeBitmap([RRType.A]) });
    });

  test('above 150 iterations nothing is hashed', () => {
    const budget = budgetOf();
    const costly = proofs(many(151, 'a.test.'), budget);
    const all = [
      costly.nxdomain(name('a.test.')),
      costly.nodata(name('a.test.'), 1),
      costly.delegation(name('a.test.')),
      costly.wildcardAnswer(name('a.test.'), zone),
    ];
    expect(all.map((proof) => proof.kind)).toEqual(all.map(() => 'too-costly'));
    expect(budget.usedOf('nsec3Hashes')).toBe(0);
  });

  test('above 50 a proof is worth nothing, yet a contradiction is one, and hashes cost more', () => {
    const budget = budgetOf();
    const costly = proofs(many(120, 'a.test.'), budget);
    expect(costly.nodata(name('a.test.'), RRType.AAAA)).toMatchObject({ kind: 'too-costly' });
    expect(costly.nodata(name('a.test.'), RRType.A)).toMatchObject({ kind: 'unproven' });
    expect(budget.usedOf('nsec3Hashes')).toBe(3);
    expect(costly.delegation(name('a.test.'))).toEqual({ kind: 'no-cut', absent: false });
    const deep = proofs(many(150, 'a.test.'), budgetOf({ nsec3Hashes: 10 }));
    expect(deep.nxdomain(name('a.b.c.d.e.f.g.test.'))).toMatchObject({ kind: 'too-costly' });
  });

  test('a hash is paid for once', () => {
    const hasher = new Nsec3Hasher();
    const budget = budgetOf();
    const first = hasher.hash(zone, salt, 3, budget);
    expect(hasher.hash(zone, salt, 3, budget)).toBe(first);
    expect(budget.usedOf('nsec3Hashes')).toBe(1);
    expect(hasher.hash(zone, '', 3, budget)).not.toBe(first);
    expect(hasher.hash(zone, salt, 4, budget)).not.toBe(first);
    expect(budget.usedOf('nsec3Hashes')).toBe(3);
  });

  test('without budget nothing is proven, and the reason is the budget', () => {
    const full = [apex, around('b.test.'), around('*.test.')];
    const proof = proofs(full, budgetOf({ nsec3Hashes: 2 })).nxdomain(name('a.b.test.'));
    expect(proof).toMatchObject({ kind: 'unproven', outOfBudget: true });
  });
});

test('the last gap reaches round, a lone record covers all but itself', () => {
  const last = record({ hash: 'y', nextHash: 'b' });
  expect(['z', 'a'].map((hash) => coversHash(last, hash))).toEqual([true, true]);
  expect(['y', 'b', 'c'].map((hash) => coversHash(last, hash))).toEqual([false, false, false]);
  const alone = record({ hash: 'm', nextHash: 'm' });
  expect(['a', 'm', 'z'].map((hash) => coversHash(alone, hash))).toEqual([true, false, true]);
});
