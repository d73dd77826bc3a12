/** The server over real sockets, asked by dig and kdig: what users' tools see. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseName } from '../../src/dns/name.js';
import { Ede, RRType } from '../../src/dns/registry.js';
import type { Question } from '../../src/dns/rrset.js';
import type { Resolution, ResolveOptions } from '../../src/resolver/contract.js';
import { systemClock } from '../../src/runtime/clock.js';
import { type LiveServer, readDig, startLive } from '../support/live-server.js';
import { answerOf, aRecord, fakeRrsig, resolutionOf, rrset, soaRecord } from '../support/server-harness.js';

const big = parseName('big.example.');
const gone = parseName('gone.example.');
const broken = parseName('broken.example.');

function world({ name, type }: Question, { cacheOnly }: ResolveOptions): Resolution {
  if (cacheOnly) {
    const ede = [{ code: Ede.NOT_AUTHORITATIVE, text: 'no cache has it' }];
    return resolutionOf({ kind: 'failure', reason: 'not-cached', ede });
  }
  const keepUntilMs = systemClock.wallMs() + 60_000;
  if (name === gone) {
    const outcome = {
      kind: 'nxdomain',
      aliases: [],
      proof: [],
      soa: soaRecord('example.'),
      security: 'secure',
    } as const;
    return resolutionOf(outcome, { keepUntilMs });
  }
  if (name === broken) {
    const ede = [
      { code: Ede.NO_REACHABLE_AUTHORITY, text: 'no server of broken.example. answered' },
      { code: Ede.NETWORK_ERROR, text: '192.0.2.1: timeout' },
    ];
    return resolutionOf({ kind: 'failure', reason: 'no-reachable-server', ede });
  }
  if (name === big) {
    const rdatas = Array.from({ length: 30 }, (_, i) => `\x57${String(i).padStart(87, '.')}`);
    return resolutionOf(answerOf([rrset('big.example.', RRType.TXT, rdatas)]), { keepUntilMs });
  }
  const signatures = [fakeRrsig(RRType.A, 'example.')];
  const secure = answerOf([{ ...aRecord('www.example.'), name, type, signatures }], { security: 'secure' });
  return resolutionOf(secure, { keepUntilMs });
}

let live: LiveServer;
beforeAll(async () => {
  live = await startLive(world, { version: 'strata test', identity: 'node-7' });
});
afterAll(() => live.server.close(1000));

const dig = async (...args: string[]) => readDig(await live.dig(...args));

describe('dig', () => {
  it.each([['+notcp'], ['+tcp']])('gets an answer (%s)', async (transport) => {
    const answer = await dig(transport, 'www.example.', 'A');
    expect(answer).toMatchObject({ status: 'NOERROR', flags: ['qr', 'rd', 'ra', 'ad'] });
    expect(answer.section('ANSWER')).toEqual(
      ['www.example. 300 IN A 192.0.2.1'].map((l) => expect.stringMatching(l.replace('300', '\\d+'))),
    );
    expect(answer.text).not.toMatch(/warning|malformed|extra/i);
  });

  it('gets its letter case back, from the resolver and from the stub cache', async () => {
    for (let i = 0; i < 2; i++) {
      expect((await dig('WwW.eXample.', 'A')).section('QUESTION')).toEqual([';WwW.eXample. IN A']);
    }
    expect(live.recorder.records.at(-1)?.lookupClass).toBe('stub');
  });

  it('gets NXDOMAIN with an SOA', async () => {
    const answer = await dig('gone.example.', 'AAAA');
    expect(answer.status).toBe('NXDOMAIN');
    expect(answer.section('AUTHORITY')).toEqual([
      expect.stringMatching(/^example\. \d+ IN SOA ns\.example\. /),
    ]);
  });

  it('sees why a name failed', async () => {
    const answer = await dig('broken.example.', 'A');
    expect(answer.status).toBe('SERVFAIL');
    expect(answer.text).toContain(
      'EDE: 22 (No Reachable Authority): (no server of broken.example. answered)',
    );
    expect(answer.text).toContain('EDE: 23 (Network Error): (192.0.2.1: timeout)');
  });
});

describe('EDNS', () => {
  it('of another version gets BADVERS and version 0', async () => {
    const answer = await dig('+edns=1', '+noednsnegotiation', 'www.example.', 'A');
    expect(answer.status).toBe('BADVERS');
    expect(answer.text).toMatch(/EDNS: version: 0, flags:;? ?udp: 1232/);
  });

  it('negotiates down by itself when dig may', async () => {
    expect((await dig('+edns=99', 'www.example.', 'A')).status).toBe('NOERROR');
  });

  it('stays away when the query has none', async () => {
    const answer = await dig('+noedns', 'www.example.', 'A');
    expect(answer.status).toBe('NOERROR');
    expect(answer.text).not.toContain('OPT PSEUDOSECTION');
  });

  it('with DO gets signatures, without it none', async () => {
    const signed = await dig('+dnssec', 'www.example.', 'A');
    expect(signed.text).toMatch(/flags: do;/);
    expect(signed.section('ANSWER')).toHaveLength(2);
    expect((await dig('www.example.', 'A')).section('ANSWER')).toHaveLength(1);
  });

  it('with CD gets no AD', async () => {
    expect((await dig('+cdflag', 'www.example.', 'A')).flags).toEqual(['qr', 'rd', 'ra', 'cd']);
    expect((await dig('+noadflag', 'www.example.', 'A')).flags).toEqual(['qr', 'rd', 'ra']);
  });

  it('tells NSID and, by TCP, the keepalive time', async () => {
    expect((await dig('+nsid', 'www.example.', 'A')).text).toContain('("node-7")');
    expect((await dig('+tcp', '+keepalive', 'www.example.', 'A')).text).toMatch(
      /TCP[ -]KEEPALIVE: 10\.0 secs/i,
    );
    expect((await dig('+notcp', '+keepalive', 'www.example.', 'A')).text).not.toMatch(/TCP[ -]KEEPALIVE/i);
  });

  it.each([
    ['+ednsopt=65001:deadbeef'],
    ['+cookie'],
    ['+subnet=192.0.2.0/24'],
    ['+padding=128'],
    ['+ednsflags=0x0040'],
  ])('ignores %s', async (option) => {
    expect((await dig(option, 'www.example.', 'A')).status).toBe('NOERROR');
  });
});

describe('a large answer', () => {
  it.each([['+bufsize=512'], ['+bufsize=4096'], ['+noedns']])('is truncated by UDP with %s', async (size) => {
    const answer = await dig(size, '+ignore', 'big.example.', 'TXT');
    expect(answer.flags).toContain('tc');
    expect(answer.section('ANSWER')).toEqual([]);
    expect(Number(/MSG SIZE {2}rcvd: (\d+)/.exec(answer.text)?.[1])).toBeLessThanOrEqual(1232);
  });

  it('is asked again by TCP and comes whole', async () => {
    const answer = await dig('big.example.', 'TXT');
    expect(answer.text).toContain('Truncated, retrying in TCP mode');
    expect(answer.section('ANSWER')).toHaveLength(30);
  });
});

describe('what is answered here', () => {
  it.each([
    ['version.bind.', '"strata test"'],
    ['version.server.', '"strata test"'],
    ['id.server.', '"node-7"'],
    ['hostname.bind.', '"node-7"'],
  ])('CH TXT %s', async (name, text) => {
    const answer = await dig('+norecurse', 'CH', 'TXT', name);
    expect(answer.section('ANSWER')).toEqual([`${name} 0 CH TXT ${text}`]);
    expect(answer.text).not.toMatch(/WARNING/);
  });

  it('localhost, its address back to its name, and names that must not leak', async () => {
    expect((await dig('localhost.', 'AAAA')).section('ANSWER')).toEqual(['localhost. 10800 IN AAAA ::1']);
    expect((await dig('-x', '127.0.0.1')).section('ANSWER')[0]).toMatch(/PTR localhost\.$/);
    expect((await dig('-x', '192.168.1.1')).status).toBe('NXDOMAIN');
    expect((await dig('x.onion.', 'A')).status).toBe('NXDOMAIN');
  });

  it('ANY, which is resolved for whoever is on this machine', async () => {
    for (const transport of ['+notcp', '+tcp']) {
      const answer = await dig(transport, 'www.example.', 'ANY');
      expect(answer.section('ANSWER')).not.toContain('www.example. 3600 IN HINFO "RFC8482" ""');
      expect(answer.status).toBe('NOERROR');
    }
  });
});

describe('what is not answered', () => {
  it.each([
    ['notify', 'NOTIFY'],
    ['update', 'UPDATE'],
    ['status', 'STATUS'],
    ['iquery', 'IQUERY'],
    ['15', 'RESERVED15'],
  ])('opcode %s is NOTIMP', async (opcode, name) => {
    expect(await dig(`+opcode=${opcode}`, 'www.example.', 'A')).toMatchObject({
      status: 'NOTIMP',
      opcode: name,
    });
    expect(await dig('+tcp', `+opcode=${opcode}`, 'www.example.', 'A')).toMatchObject({ status: 'NOTIMP' });
  });

  it('a header without question is FORMERR', async () => {
    expect(await dig('+header-only')).toMatchObject({ status: 'FORMERR' });
  });

  it('a query without RD, when no cache has it, is refused with a reason', async () => {
    const answer = await dig('+norecurse', 'never-asked.example.', 'A');
    expect(answer.status).toBe('REFUSED');
    expect(answer.text).toContain('EDE: 20 (Not Authoritative)');
  });

  it('a zone transfer is refused', async () => {
    expect((await live.dig('example.', 'AXFR')).toLowerCase()).toContain('transfer failed');
  });

  it.each([['TKEY'], ['TSIG'], ['MAILA'], ['MAILB'], ['OPT'], ['TYPE128']])(
    'type %s is FORMERR',
    async (type) => {
      expect(await dig('www.example.', '-t', type)).toMatchObject({ status: 'FORMERR' });
    },
  );

  it('class HS is refused', async () => {
    expect(await dig('HS', 'A', 'www.example.')).toMatchObject({ status: 'REFUSED' });
  });
});

describe('kdig', () => {
  it('gets an answer by UDP, by TCP, and with DNSSEC data', async () => {
    for (const options of [['+notcp'], ['+tcp'], ['+tcp', '+dnssec'], ['+edns=0', '+padding=64']]) {
      const text = await live.kdig(...options, 'www.example.', 'A');
      expect(text).toContain('status: NOERROR');
      expect(text).toMatch(/www\.example\.\s+\d+\s+IN\s+A\s+192\.0\.2\.1/);
      expect(text).not.toMatch(/WARNING|ERROR:/);
    }
  });

  it('keeps a TCP connection open for several queries', async () => {
    const text = await live.kdig(
      '+tcp',
      '+keepopen',
      'a.example.',
      'A',
      'b.example.',
      'A',
      'c.example.',
      'A',
    );
    expect(text.match(/status: NOERROR/g)).toHaveLength(3);
  });
});

it('a client outside the access list is refused, and one inside is served', async () => {
  const other = await startLive(world, { allowed: (address) => address !== '127.0.0.1' });
  try {
    const answer = readDig(await other.dig('www.example.', 'A'));
    expect(answer.status).toBe('REFUSED');
    expect(answer.text).toContain('EDE: 18 (Prohibited)');
    expect(readDig(await other.dig('-b', '127.0.0.2', 'www.example.', 'A')).status).toBe('NOERROR');
  } finally {
    await other.server.close(0);
  }
});

it('serves IPv6 as well', async () => {
  const other = await startLive(world, {}, { address: '::1' });
  try {
    expect(readDig(await other.dig('www.example.', 'A')).status).toBe('NOERROR');
    expect(readDig(await other.dig('+tcp', 'www.example.', 'A')).status).toBe('NOERROR');
  } finally {
    await other.server.close(0);
  }
});
