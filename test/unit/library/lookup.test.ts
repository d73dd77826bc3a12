import dns from 'node:dns';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import {
  arrange,
  type LookupOptions,
  LookupOptionsError,
  planLookup,
} from '../../../src/compose/library/lookup-options.js';
import { createResolver } from '../../../src/index.js';
import { createInternet } from '../../../src/testing.js';

const internet = createInternet({
  time: 'virtual',
  zones: {
    'example.com': `
both  A 192.0.2.1
both  A 192.0.2.2
both  AAAA 2001:db8::1
four  A 192.0.2.4
six   AAAA 2001:db8::6
alias CNAME both
none  TXT "no address"
`,
    'broken.example': { records: '', faults: { rcode: 'REFUSED' } },
  },
});
const resolver = createResolver({ internet });
afterAll(() => resolver.close());

/** What the callback got. */
function lookUp(hostname: string, options?: LookupOptions | number): Promise<unknown[]> {
  return new Promise((resolve) => {
    const callback = (...args: unknown[]) => resolve(args);
    if (options === undefined) resolver.lookup(hostname, callback);
    else resolver.lookup(hostname, options as LookupOptions, callback);
  });
}

const v4first = { order: 'ipv4first' } as const;
const machine = (ipv4: boolean, ipv6: boolean) => () => ({ ipv4, ipv6 });

describe('lookup', () => {
  it('calls back with address and family', async () => {
    expect(await lookUp('both.example.com', v4first)).toEqual([null, '192.0.2.1', 4]);
    expect(await lookUp('both.example.com', { order: 'ipv6first' })).toEqual([null, '2001:db8::1', 6]);
    expect(await lookUp('alias.example.com', 4)).toEqual([null, '192.0.2.1', 4]);
    expect(await lookUp('four.example.com')).toEqual([null, '192.0.2.4', 4]);
  });

  it('calls back with all addresses', async () => {
    const all = [
      { address: '192.0.2.1', family: 4 },
      { address: '192.0.2.2', family: 4 },
      { address: '2001:db8::1', family: 6 },
    ];
    expect(await lookUp('both.example.com', { all: true, ...v4first })).toEqual([null, all]);
    expect(await lookUp('both.example.com', { all: true, verbatim: false })).toEqual([null, all]);
    expect(await lookUp('both.example.com', { all: true, family: 'IPv6' })).toEqual([null, [all[2]]]);
  });

  it('gives IPv4 addresses as mapped IPv6 ones to those who want that', async () => {
    const mapped = { family: 6, all: true, hints: dns.V4MAPPED };
    expect(await lookUp('four.example.com', mapped)).toEqual([
      null,
      [{ address: '::ffff:192.0.2.4', family: 6 }],
    ]);
    expect(await lookUp('both.example.com', mapped)).toEqual([null, [{ address: '2001:db8::1', family: 6 }]]);
    const [, found] = await lookUp('both.example.com', { ...mapped, hints: dns.V4MAPPED | dns.ALL });
    expect(found).toHaveLength(3);
  });

  it('hands literal addresses through', async () => {
    expect(await lookUp('192.0.2.77')).toEqual([null, '192.0.2.77', 4]);
    expect(await lookUp('2001:db8::77', { all: true })).toEqual([
      null,
      [{ address: '2001:db8::77', family: 6 }],
    ]);
  });

  it('says ENOTFOUND for names without address, EAI_AGAIN when servers fail', async () => {
    for (const name of ['none.example.com', 'nothing.example.com', 'a..b', '']) {
      const [error] = await lookUp(name);
      expect(error).toMatchObject({ code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: name });
    }
    const [error] = await lookUp('www.broken.example', { all: true });
    expect(error).toMatchObject({ code: 'EAI_AGAIN' });
    const [one] = await lookUp('six.example.com', 4);
    expect(one).toMatchObject({ code: 'ENOTFOUND' });
  });

  it('gives the addresses of one family though the other fails', async () => {
    const halves = createInternet({
      time: 'virtual',
      zones: { 'example.net': 'www A 192.0.2.1\nwww AAAA 2001:db8::1' },
    });
    const half = createResolver({ internet: halves });
    await half.resolve('www.example.net', 'A');
    halves.setFaults('example.net', { rcode: 'SERVFAIL' });
    const found = await promisify(half.lookup)('www.example.net', { all: true });
    expect(found).toEqual([{ address: '192.0.2.1', family: 4 }]);
    await half.close();
  });

  it('becomes the promised form by util.promisify, as dns.lookup does', async () => {
    const lookup = promisify(resolver.lookup);
    expect(await lookup('four.example.com')).toEqual({ address: '192.0.2.4', family: 4 });
    expect(await lookup('four.example.com', { all: true })).toEqual([{ address: '192.0.2.4', family: 4 }]);
    await expect(lookup('nothing.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('throws for options that mean nothing', () => {
    const callback = () => {};
    expect(() => resolver.lookup('a.example', { family: 5 }, callback)).toThrow(LookupOptionsError);
    expect(() => resolver.lookup('a.example', { hints: 1 << 20 }, callback)).toThrow(LookupOptionsError);
    expect(() => resolver.lookup('a.example', { order: 'random' as 'verbatim' }, callback)).toThrow('random');
    expect(() => resolver.lookup('a.example', undefined as never)).toThrow(TypeError);
  });
});

describe('the plan of a lookup', () => {
  it('asks with ADDRCONFIG only for families that the machine has, and for both when it has none', () => {
    const hints = { hints: dns.ADDRCONFIG };
    const asked = ({ ask4, ask6 }: { ask4: boolean; ask6: boolean }) => [ask4, ask6];
    expect(asked(planLookup(hints, machine(true, false)))).toEqual([true, false]);
    expect(asked(planLookup(hints, machine(false, true)))).toEqual([false, true]);
    expect(asked(planLookup(hints, machine(false, false)))).toEqual([true, true]);
    expect(asked(planLookup({}, machine(true, false)))).toEqual([true, true]);
  });

  it('puts IPv6 first where the machine has it', () => {
    const six = planLookup({}, machine(true, true));
    const four = planLookup({}, machine(true, false));
    expect(arrange(six, ['192.0.2.1'], ['2001:db8::1'])[0]?.family).toBe(6);
    expect(arrange(four, ['192.0.2.1'], ['2001:db8::1'])[0]?.family).toBe(4);
  });
});
