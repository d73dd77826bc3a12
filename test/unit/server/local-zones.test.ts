import { describe, expect, it } from 'vitest';
import { formatName, parseName } from '../../../src/dns/name.js';
import { Rcode, RRClass, RRType } from '../../../src/dns/registry.js';
import { answerLocally } from '../../../src/server/local-zones.js';

function ask(name: string, type: number = RRType.A) {
  return answerLocally({ name: parseName(name), type, class: RRClass.IN });
}

const nibbles = (count: number) => '0.'.repeat(count);

describe('answerLocally', () => {
  it.each([
    ['localhost.', RRType.A, '\x7f\0\0\x01'],
    ['localhost.', RRType.AAAA, `${'\0'.repeat(15)}\x01`],
    ['printer.localhost.', RRType.A, '\x7f\0\0\x01'],
    ['1.0.0.127.in-addr.arpa.', RRType.PTR, parseName('localhost.')],
    [`1.${nibbles(31)}ip6.arpa.`, RRType.PTR, parseName('localhost.')],
  ])('has data for %s', (name, type, rdata) => {
    const found = ask(name, type);
    expect(found?.rcode).toBe(Rcode.NOERROR);
    expect(found?.answer).toEqual([
      { name: parseName(name), type, class: RRClass.IN, ttlSec: 10_800, rdatas: [rdata], signatures: [] },
    ]);
    expect(found?.authority).toEqual([]);
  });

  it.each([
    ['invalid'],
    ['test'],
    ['onion'],
    ['local'],
    ['home.arpa'],
    ['resolver.arpa'],
    ['10.in-addr.arpa'],
    ['16.172.in-addr.arpa'],
    ['31.172.in-addr.arpa'],
    ['64.100.in-addr.arpa'],
    ['127.100.in-addr.arpa'],
    ['168.192.in-addr.arpa'],
    ['254.169.in-addr.arpa'],
    ['0.in-addr.arpa'],
    ['2.0.192.in-addr.arpa'],
    ['100.51.198.in-addr.arpa'],
    ['113.0.203.in-addr.arpa'],
    ['255.255.255.255.in-addr.arpa'],
    [`${nibbles(32)}ip6.arpa`],
    ['d.f.ip6.arpa'],
    ['8.e.f.ip6.arpa'],
    ['b.e.f.ip6.arpa'],
    ['8.b.d.0.1.0.0.2.ip6.arpa'],
  ])('denies names under %s with its SOA', (zone) => {
    const found = ask(`host.${zone}.`);
    expect(found?.rcode).toBe(Rcode.NXDOMAIN);
    expect(found?.answer).toEqual([]);
    expect(found?.authority.map((s) => [formatName(s.name), s.type])).toEqual([[`${zone}.`, RRType.SOA]]);
  });

  it.each([
    ['www.example.com.'],
    ['example.'],
    ['arpa.'],
    ['in-addr.arpa.'],
    ['15.172.in-addr.arpa.'],
    ['32.172.in-addr.arpa.'],
    ['63.100.in-addr.arpa.'],
    ['128.100.in-addr.arpa.'],
    ['1.192.in-addr.arpa.'],
    ['contest.'],
    ['test.example.'],
    ['.'],
  ])('leaves %s to the resolver', (name) => {
    expect(ask(name)).toBeUndefined();
  });

  it('answers SOA and NS at an apex, and says NODATA for other types there', () => {
    const soa = ask('10.in-addr.arpa.', RRType.SOA)!.answer[0]!;
    const fields = Buffer.from(soa.rdatas[0]!.slice(-20), 'latin1');
    expect([0, 4, 8, 12, 16].map((at) => fields.readUInt32BE(at))).toEqual([1, 3600, 1200, 604_800, 10_800]);
    expect(soa.rdatas[0]!.slice(0, -20)).toBe(parseName('10.in-addr.arpa.') + parseName('nobody.invalid.'));
    expect(ask('10.in-addr.arpa.', RRType.NS)!.answer[0]!.rdatas).toEqual([parseName('10.in-addr.arpa.')]);
    expect(ask('10.in-addr.arpa.', RRType.TXT)).toMatchObject({ rcode: Rcode.NOERROR, answer: [] });
  });

  it('says NODATA, not NXDOMAIN, where names exist below', () => {
    expect(ask('0.0.127.in-addr.arpa.', RRType.PTR)).toMatchObject({ rcode: Rcode.NOERROR, answer: [] });
    expect(ask('9.0.0.127.in-addr.arpa.', RRType.PTR)).toMatchObject({ rcode: Rcode.NXDOMAIN });
  });

  it('gives a name below localhost no SOA or NS of its own', () => {
    expect(ask('a.localhost.', RRType.SOA)).toMatchObject({ rcode: Rcode.NOERROR, answer: [] });
    const types = ask('a.localhost.', RRType.ANY)!.answer.map((s) => s.type);
    expect(types).toEqual([RRType.A, RRType.AAAA]);
  });

  it('leaves DS at an apex to the parent, and denies it below', () => {
    expect(ask('home.arpa.', RRType.DS)).toBeUndefined();
    expect(ask('a.home.arpa.', RRType.DS)).toMatchObject({ rcode: Rcode.NXDOMAIN });
  });
});
