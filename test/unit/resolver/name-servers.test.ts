import { describe, expect, it } from 'vitest';
import { type Name, parseName } from '../../../src/dns/name.js';
import { RRClass, RRType } from '../../../src/dns/registry.js';
import type { AskedZone } from '../../../src/resolver/asked-zone.js';
import { type AddressBook, NameServers } from '../../../src/resolver/name-servers.js';
import { type Preference, takeName } from '../../../src/resolver/preference.js';
import { QueryContext } from '../../../src/resolver/query-context.js';
import { Budget } from '../../../src/runtime/budget.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import { seededRandom } from '../../../src/runtime/random.js';

const name = parseName('ns.host.example.');
const zone: AskedZone = {
  zone: parseName('glueless.example.'),
  servers: [{ name, endpoints: [], spare: [] }],
  source: 'referral',
  leaseUntilMs: Number.POSITIVE_INFINITY,
};

/** An address book whose cache others fill. */
class Book implements AddressBook {
  readonly cached = new Map<Name, string[]>();
  lookups = 0;

  known(of: Name): readonly string[] {
    return this.cached.get(of) ?? [];
  }
  parentSide(): readonly string[] {
    return [];
  }
  async lookup(of: Name): Promise<readonly string[]> {
    this.lookups++;
    return this.known(of);
  }
}

function setUp() {
  const book = new Book();
  const clock = new VirtualClock();
  const ctx = QueryContext.root(
    { name: parseName('www.glueless.example.'), type: RRType.A, class: RRClass.IN },
    new Budget(0),
    clock,
  );
  const servers = new NameServers(zone, book, () => true, 53, { random: seededRandom(1) }, true);
  return { book, ctx, servers };
}

describe('NameServers', () => {
  it('takes an address that another walk found after this one saw none', async () => {
    const { book, ctx, servers } = setUp();
    expect(servers.candidates()).toEqual([]);
    book.cached.set(name, ['192.0.2.1']);
    expect(await servers.resolveSome(ctx)).toBe(true);
    expect(servers.candidates().map(({ address }) => address)).toEqual(['192.0.2.1']);
    expect(book.lookups).toBe(0);
  });

  it('says that nothing new is known when the walk has been shown all', async () => {
    const { book, ctx, servers } = setUp();
    book.cached.set(name, ['192.0.2.1']);
    expect(servers.candidates()).toHaveLength(1);
    expect(await servers.resolveSome(ctx)).toBe(false);
    servers.distrustGlue();
    expect(await servers.resolveSome(ctx)).toBe(false);
    expect(book.lookups).toBe(1);
  });

  it('looks names up in the order of a preference, and draws among the rest', () => {
    const all = ['a', 'b', 'c', 'd'].map((label) => parseName(`${label}.test.`));
    const order = [all[2]!, all[0]!];
    const preference: Preference = {
      server: () => undefined,
      nameServer: (names) => order.find((one) => names.includes(one)),
    };
    const left = [...all];
    const taken = all.map(() => takeName(left, { random: seededRandom(1), preference }));
    expect(taken.slice(0, 2)).toEqual(order);
    expect(new Set(taken)).toEqual(new Set(all));
    expect(left).toEqual([]);
  });
});
