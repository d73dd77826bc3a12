import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { AuthorityAnswer } from '../../../src/authority/answer-sections.js';
import { lookup, lookupZone } from '../../../src/authority/lookup.js';
import { ZoneSet } from '../../../src/authority/zone-set.js';
import { parseName } from '../../../src/dns/name.js';
import { parseType, Rcode, RRClass } from '../../../src/dns/registry.js';
import { toBase32Hex } from '../../../src/wire/rdata/binary.js';
import { loadZoneText } from '../../../src/zone/build.js';
import type { Zone } from '../../../src/zone/zone.js';
import { linesOf } from '../../support/answer-lines.js';
import { childZone, parentZone } from '../../support/differential-zones.js';

// What two servers answer alike is compared with NSD in test/e2e; here is what they need not agree on, and
// the rules that must hold where NSD is not installed.

function load(text: string): Zone {
  const { zone, problems } = loadZoneText(text);
  if (!zone) throw new Error(JSON.stringify(problems));
  return zone;
}

function sha1(octets: string): string {
  return createHash('sha1').update(octets, 'latin1').digest().toString('latin1');
}

const parent = load(parentZone);
const both = new ZoneSet([parent, load(childZone)]);

function ask(name: string, type: string, zones: ZoneSet | Zone = both): AuthorityAnswer {
  const question = { name: parseName(name), type: parseType(type)!, class: RRClass.IN };
  return zones instanceof ZoneSet
    ? lookup(zones, question, { do: false })
    : lookupZone(zones, question, { do: false });
}

describe('referrals', () => {
  test('have no AA, the NS of the cut, and glue below the cut in front', () => {
    const { rcode, aa, answer, authority, additional } = ask('x.y.sub.example.', 'A');
    expect([rcode, aa, answer]).toEqual([Rcode.NOERROR, false, []]);
    expect(linesOf(authority)).toHaveLength(3);
    expect(linesOf(additional.slice(0, 2))).toEqual([
      'ns.below.sub.example. 3600 aaaa 2001:db8::30',
      'ns.sub.example. 3600 a 192.0.2.30',
    ]);
  });

  test('RFC 4035 3.1.4.1: DS is answered by the parent of the cut, with AA', () => {
    const { aa, answer } = ask('signed.example.', 'DS');
    expect([aa, answer.length]).toEqual([true, 1]);
    const none = ask('child.example.', 'DS');
    expect([none.aa, none.authority[0]!.name]).toEqual([true, parent.apex]);
  });

  test('DS at the apex is denied by the child when the server has no parent', () => {
    const { rcode, aa, authority } = ask('child.example.', 'DS', load(childZone));
    expect([rcode, aa, authority[0]!.name]).toEqual([Rcode.NOERROR, true, parseName('child.example.')]);
  });

  test('glue is not answered with authority', () => {
    expect(ask('ns.sub.example.', 'A')).toMatchObject({ aa: false, answer: [] });
  });
});

describe('aliases', () => {
  test('are followed through the zones of the server', () => {
    expect(linesOf(ask('up.child.example.', 'A').answer)).toEqual([
      'up.child.example. 600 cname www.example.',
      'www.example. 3600 a 192.0.2.4',
      'www.example. 3600 a 192.0.2.5',
    ]);
  });

  test('RFC 6604 3: the RCODE is that of the last name', () => {
    expect(ask('dangling.example.', 'A')).toMatchObject({ rcode: Rcode.NXDOMAIN, aa: true });
  });

  test('that leave the zones end the answer without error', () => {
    expect(ask('outside.example.', 'A')).toMatchObject({ rcode: Rcode.NOERROR, authority: [] });
  });

  test('that form a loop end it too', () => {
    expect(linesOf(ask('loop1.example.', 'A').answer)).toHaveLength(2);
  });

  test('in a long chain are cut off, to be followed by the client', () => {
    const links = Array.from({ length: 40 }, (_, i) => `c${i} CNAME c${i + 1}`).join('\n');
    const zone = load(`$ORIGIN example.\n$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns.other.\n${links}`);
    const { rcode, answer } = ask('c0.example.', 'A', zone);
    expect(rcode).toBe(Rcode.NOERROR);
    expect(answer.length).toBeGreaterThan(10);
    expect(answer.length).toBeLessThan(40);
  });

  test('RFC 6672 2.2: a DNAME gives itself and the CNAME that follows from it, with its TTL', () => {
    expect(linesOf(ask('x.dn.example.', 'A').answer)).toEqual([
      'dn.example. 3600 dname other.example.',
      'x.dn.example. 3600 cname x.other.example.',
      'x.other.example. 3600 a 192.0.2.41',
    ]);
  });

  test('RFC 6672 2.2: a name that gets too long is YXDOMAIN, with the DNAME', () => {
    const label = 'b123456789012345678901234567890123456789.';
    const { rcode, answer } = ask(`${label.repeat(2)}dnlong.example.`, 'A');
    expect([rcode, linesOf(answer).length]).toEqual([Rcode.YXDOMAIN, 1]);
  });

  test('RFC 6672 2.3: a DNAME does not redirect its own name', () => {
    expect(linesOf(ask('dn.example.', 'A').answer)).toEqual(['dn.example. 3600 a 192.0.2.40']);
  });
});

describe('negative answers', () => {
  test.each([
    ['www.example.', 'TXT', Rcode.NOERROR],
    ['ent.example.', 'A', Rcode.NOERROR],
    ['nothing.example.', 'A', Rcode.NXDOMAIN],
  ])('RFC 2308 3: %s %s has the SOA, its TTL not over the minimum', (name, type, expected) => {
    const { rcode, aa, authority } = ask(name, type);
    expect([rcode, aa]).toEqual([expected, true]);
    expect(linesOf(authority)).toEqual([
      'example. 300 soa ns1.example. hostmaster.example. 1 7200 3600 1209600 300',
    ]);
  });
});

describe('ANY', () => {
  test('gives every RRset of the name', () => {
    expect(linesOf(ask('svc.example.', 'ANY').answer)).toEqual([
      'svc.example. 3600 a 192.0.2.11',
      'svc.example. 3600 https 1 . alpn="h2"',
    ]);
  });

  test('at an alias gives the alias and does not follow it', () => {
    expect(linesOf(ask('alias.example.', 'ANY').answer)).toEqual(['alias.example. 3600 cname www.example.']);
  });
});

test('RFC 9460 4.1: HTTPS brings the addresses of its target, which "." says is the owner', () => {
  expect(linesOf(ask('svc.example.', 'HTTPS').additional)).toContain('svc.example. 3600 a 192.0.2.11');
  expect(linesOf(ask('svc2.example.', 'HTTPS').additional)).toContain('www.example. 3600 a 192.0.2.4');
});

test('RFC 2181 5.4.1: glue helps to reach name servers, and nothing else gets it as additional data', () => {
  const zone = load(`$ORIGIN example.
$TTL 60
@ SOA ns host 1 2 3 4 5
@ NS ns.other.
mx MX 10 ns.sub
sub NS ns.sub
ns.sub A 192.0.2.1
`);
  expect(linesOf(ask('www.sub.example.', 'A', zone).additional)).toEqual(['ns.sub.example. 60 a 192.0.2.1']);
  expect(ask('mx.example.', 'MX', zone)).toMatchObject({ aa: true, additional: [] });
});

describe('RFC 5155 7.2: an empty non-terminal that only has opted-out delegations', () => {
  const existing = ['example.', ...Array.from({ length: 40 }, (_, i) => `n${i}.example.`)].map((text) =>
    parseName(text),
  );
  const owners = existing.map((name) => toBase32Hex(sha1(name)).toLowerCase()).sort();
  const chain = owners.map((owner, i) => `${owner} NSEC3 1 1 0 - ${owners[(i + 1) % owners.length]} A`);
  const hosts = Array.from({ length: 40 }, (_, i) => `n${i} A 192.0.2.1`);
  const apex = ['@ SOA n0 host 1 2 3 4 5', '@ NS n0', '@ NSEC3PARAM 1 0 0 -', 'cut.ent NS n0'];
  const zone = load(['$ORIGIN example.', '$TTL 60', ...apex, ...hosts, ...chain].join('\n'));
  const nsec3 = zone.nsec3!;

  function proofOf(name: string) {
    const question = { name: parseName(name), type: parseType('A')!, class: RRClass.IN };
    const { rcode, authority } = lookupZone(zone, question, { do: true });
    return { rcode, owners: new Set(authority.slice(1).map((rrset) => rrset.name)) };
  }

  const shown = [nsec3.matching(zone.apex)!.name, nsec3.covering(parseName('ent.example.')).name];

  test('is denied a type with its nearest ancestor that has an NSEC3', () => {
    expect(proofOf('ent.example.')).toEqual({ rcode: Rcode.NOERROR, owners: new Set(shown) });
  });

  test('a name below it is denied together with the wildcard at that ancestor', () => {
    const wildcard = nsec3.covering(parseName('*.example.')).name;
    // Else the test could not tell it from the wildcard at the empty non-terminal.
    expect(wildcard).not.toBe(nsec3.covering(parseName('*.ent.example.')).name);
    const expected = { rcode: Rcode.NXDOMAIN, owners: new Set([...shown, wildcard]) };
    expect(proofOf('x.ent.example.')).toEqual(expected);
  });
});

test('no RRset is twice in one answer, whatever is asked', () => {
  for (const name of [...parent.names()]) {
    for (const type of ['A', 'NS', 'MX', 'SRV', 'ANY', 'HTTPS']) {
      const question = { name, type: parseType(type)!, class: RRClass.IN };
      const { answer, authority, additional } = lookup(both, question, { do: true });
      const keys = [...answer, ...authority, ...additional].map((rrset) => `${rrset.type} ${rrset.name}`);
      expect(new Set(keys).size).toBe(keys.length);
    }
  }
});
