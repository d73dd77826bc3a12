/** RFC 6761, special-use names, as a caching server; and the RFCs that registered more of them. */
import { describe, expect, it } from 'vitest';
import { Rcode, RRType } from '../../src/dns/registry.js';
import { Harness, query } from '../support/server-harness.js';

async function ask(name: string, type: number = RRType.A) {
  const h = new Harness();
  const response = await h.ask(query(name, type));
  return { ...response, upstream: h.resolver.asked.length };
}

const nibblesOf = (hex: string) => [...hex].reverse().join('.');

describe('RFC 6761', () => {
  it.each([['10.1.2.3'], ['172.16.0.1'], ['172.31.255.254'], ['192.168.7.9']])(
    '6.1: the name of the private address %s is not looked up',
    async (address) => {
      const reverse = address.split('.').reverse().join('.');
      expect(await ask(`${reverse}.in-addr.arpa.`, RRType.PTR)).toMatchObject({
        rcode: Rcode.NXDOMAIN,
        upstream: 0,
      });
    },
  );

  it('6.2: names under test. do not exist, and nobody is asked', async () => {
    expect(await ask('www.test.')).toMatchObject({ rcode: Rcode.NXDOMAIN, upstream: 0 });
  });

  it('6.3: localhost. and what is below it are the loopback addresses, and nobody is asked', async () => {
    for (const name of ['localhost.', 'a.b.localhost.']) {
      expect(await ask(name)).toMatchObject({ answer: [{ rdatas: ['\x7f\0\0\x01'] }], upstream: 0 });
      expect(await ask(name, RRType.AAAA)).toMatchObject({
        answer: [{ rdatas: [`${'\0'.repeat(15)}\x01`] }],
      });
      expect(await ask(name, RRType.MX)).toMatchObject({ rcode: Rcode.NOERROR, answer: [], upstream: 0 });
    }
  });

  it('6.4: names under invalid. do not exist, and nobody is asked', async () => {
    expect(await ask('x.invalid.')).toMatchObject({ rcode: Rcode.NXDOMAIN, upstream: 0 });
  });

  it('6.5: example names are names like any other', async () => {
    for (const name of ['example.', 'www.example.com.', 'example.org.']) {
      expect((await ask(name)).upstream).toBe(1);
    }
  });
});

describe('other registrations', () => {
  it('RFC 6762 22.1: names under local. do not exist, and nobody is asked', async () => {
    expect(await ask('printer.local.')).toMatchObject({ rcode: Rcode.NXDOMAIN, upstream: 0 });
  });

  it('RFC 7686 2: names under onion. do not exist, and nobody is asked', async () => {
    expect(await ask('facebookcorewwwi.onion.')).toMatchObject({ rcode: Rcode.NXDOMAIN, upstream: 0 });
  });

  it('RFC 8375 4: home.arpa. is served here, but its DS is asked of the parent', async () => {
    expect(await ask('nas.home.arpa.')).toMatchObject({ rcode: Rcode.NXDOMAIN, upstream: 0 });
    expect(await ask('home.arpa.', RRType.SOA)).toMatchObject({ rcode: Rcode.NOERROR, upstream: 0 });
    expect((await ask('home.arpa.', RRType.DS)).upstream).toBe(1);
  });

  it('RFC 6303 4.3 to 4.5: loopback, unique local and link-local IPv6 addresses are answered here', async () => {
    const loopback = nibblesOf(`${'0'.repeat(31)}1`);
    expect(await ask(`${loopback}.ip6.arpa.`, RRType.PTR)).toMatchObject({
      rcode: Rcode.NOERROR,
      upstream: 0,
    });
    const local = nibblesOf('fd00'.padEnd(32, '0'));
    expect(await ask(`${local}.ip6.arpa.`, RRType.PTR)).toMatchObject({ rcode: Rcode.NXDOMAIN, upstream: 0 });
    const linkLocal = nibblesOf('fe80'.padEnd(32, '0'));
    expect(await ask(`${linkLocal}.ip6.arpa.`, RRType.PTR)).toMatchObject({
      rcode: Rcode.NXDOMAIN,
      upstream: 0,
    });
    const global = nibblesOf('2001'.padEnd(32, '0'));
    expect((await ask(`${global}.ip6.arpa.`, RRType.PTR)).upstream).toBe(1);
  });

  it('RFC 7793: shared address space (100.64.0.0/10) is answered here, its neighbours are not', async () => {
    expect(await ask('1.0.64.100.in-addr.arpa.', RRType.PTR)).toMatchObject({
      rcode: Rcode.NXDOMAIN,
      upstream: 0,
    });
    expect(await ask('1.0.127.100.in-addr.arpa.', RRType.PTR)).toMatchObject({
      rcode: Rcode.NXDOMAIN,
      upstream: 0,
    });
    expect((await ask('1.0.63.100.in-addr.arpa.', RRType.PTR)).upstream).toBe(1);
    expect((await ask('1.0.128.100.in-addr.arpa.', RRType.PTR)).upstream).toBe(1);
  });
});
