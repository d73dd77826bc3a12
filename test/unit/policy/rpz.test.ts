import { describe, expect, it } from 'vitest';
import { formatName, parseName } from '../../../src/dns/name.js';
import { RRClass, RRType } from '../../../src/dns/registry.js';
import { type Early, Policy } from '../../../src/policy/policy.js';
import { responsePolicyZone } from '../../../src/policy/rpz.js';
import type { Decision } from '../../../src/policy/rules.js';
import { addressOctets } from '../../../src/runtime/networks.js';
import { parseZoneText } from '../../../src/zone/parse.js';

const apex = parseName('rpz.test.');
const zone = (text: string, name = 'rpz') =>
  responsePolicyZone(name, apex, parseZoneText(`$ORIGIN rpz.test.\n$TTL 60\n${text}\n`).records);
const address = (text: string) => addressOctets(text)!;

function said(decision: Decision | undefined): string {
  if (!decision) return 'nothing';
  const what = decision.kind === 'block' ? decision.action : decision.kind;
  return `${what} by ${formatName(decision.rule)}`;
}

describe('a trigger by address', () => {
  const list = zone(
    [
      '24.0.2.0.192.rpz-ip CNAME .',
      '32.9.2.0.192.rpz-ip CNAME rpz-passthru.',
      '48.zz.1.db8.2001.rpz-ip CNAME *.',
      '128.57.zz.3.1.db8.2001.rpz-ip CNAME rpz-drop.',
      '0.0.0.0.0.rpz-nsip CNAME rpz-tcp-only.',
      '8.0.0.0.10.rpz-client-ip A 192.0.2.1',
    ].join('\n'),
  );

  it.each([
    ['192.0.2.1', 'nxdomain by 24.0.2.0.192.rpz-ip.'],
    ['192.0.2.9', 'pass by 32.9.2.0.192.rpz-ip.'],
    ['192.0.3.1', 'nothing'],
    ['2001:db8:1:ffff::1', 'nodata by 48.zz.1.db8.2001.rpz-ip.'],
    ['2001:db8:1:3::57', 'drop by 128.57.zz.3.1.db8.2001.rpz-ip.'],
    ['2001:db8:2::1', 'nothing'],
  ])('holds for an answer with %s: %s', (text, expected) => {
    expect(said(list.byAnswer([address('203.0.113.1'), address(text)], parseName('x.')))).toBe(expected);
  });

  it('holds by the longest prefix of all addresses in the answer', () => {
    const both = [address('192.0.2.1'), address('192.0.2.9')];
    expect(said(list.byAnswer(both, parseName('x.')))).toContain('pass');
  });

  it('may be about clients and servers', () => {
    expect(said(list.byClient(address('10.1.1.1'), parseName('x.')))).toBe(
      'data by 8.0.0.0.10.rpz-client-ip.',
    );
    expect(said(list.byClient(address('11.1.1.1'), parseName('x.')))).toBe('nothing');
    const servers = { names: [], addresses: [address('198.51.100.1')] };
    expect(said(list.byServers(servers, parseName('x.')))).toContain('tcp-only');
    expect(list).toMatchObject({ rules: 6, bad: 0, judgesAnswers: true, judgesServers: true });
  });

  it.each([
    ['33.1.2.0.192.rpz-ip', /prefix length/],
    ['24.1.2.0.192.rpz-ip', /bits after the prefix/],
    ['x.1.2.0.192.rpz-client-ip', /prefix length/],
    ['64.zz.zz.rpz-nsip', /address/],
    ['rpz-ip', /nothing in front/],
    ['24.rpz-ip', /address/],
  ])('that is wrong, %s, is counted and the rest loaded', (owner, why) => {
    const list = zone(`${owner} CNAME .\ngood.example CNAME .`);
    expect(list).toMatchObject({
      rules: 1,
      bad: 1,
      firstBad: [{ line: 3, why: expect.stringMatching(why) }],
    });
  });
});

describe('a trigger by the name of a server', () => {
  const list = zone('ns.bad.example.rpz-nsdname CNAME .\n*.worse.example.rpz-nsdname CNAME *.');
  it.each([
    [['ns.good.example.', 'ns.bad.example.'], 'nxdomain by ns.bad.example.rpz-nsdname.'],
    [['a.b.worse.example.'], 'nodata by *.worse.example.rpz-nsdname.'],
    [['worse.example.'], 'nothing'],
    [['x.ns.bad.example.'], 'nothing'],
  ])('holds for %j: %s', (names, expected) => {
    const servers = { names: names.map((name) => parseName(name)), addresses: [] };
    expect(said(list.byServers(servers, parseName('x.')))).toBe(expected);
  });
});

describe('a wildcard', () => {
  it.each([
    ['*.a.example CNAME .', 'x.y.a.example.', 'nxdomain by *.a.example.'],
    ['*.a.example CNAME .', 'a.example.', 'nothing'],
    ['*.a.example CNAME .\ny.a.example CNAME *.', 'x.y.a.example.', 'nothing'],
    ['*.a.example CNAME .\nz.y.a.example CNAME *.', 'y.a.example.', 'nothing'],
    ['*.a.example CNAME .\nz.y.a.example CNAME *.', 'w.a.example.', 'nxdomain by *.a.example.'],
    ['a.example CNAME *.\n*.a.example CNAME .', 'a.example.', 'nodata by a.example.'],
    ['* CNAME .', 'anything.at.all.', 'nxdomain by *.'],
    ['* CNAME .\nexample CNAME rpz-passthru.', 'example.', 'pass by example.'],
  ])('in %j says of %s: %s (RFC 4592)', (text, name, expected) => {
    expect(said(zone(text).decide(parseName(name)))).toBe(expected);
  });
});

describe('precedence', () => {
  const question = { name: parseName('www.example.'), type: RRType.A, class: RRClass.IN };
  const rrset = { ...question, ttlSec: 60, rdatas: ['\xc0\0\x02\x01'], signatures: [] };
  const servers = () => ({ names: [parseName('ns.example.')], addresses: [address('198.51.100.1')] });
  const found = (names = ['www.example.']) => ({
    names: names.map((n) => parseName(n)),
    rrsets: [rrset],
    servers,
  });
  const rules = {
    client: '32.9.9.0.10.rpz-client-ip CNAME .',
    qname: 'www.example CNAME *.',
    ip: '32.1.2.0.192.rpz-ip CNAME rpz-drop.',
    nsdname: 'ns.example.rpz-nsdname CNAME rpz-tcp-only.',
    nsip: '32.1.100.51.198.rpz-nsip CNAME rpz-passthru.',
  };
  const client = address('10.0.9.9');
  const decided = (lists: readonly (keyof typeof rules)[][], names?: string[]) => {
    const policy = new Policy({
      lists: lists.map((kinds, i) => zone(kinds.map((kind) => rules[kind]).join('\n'), `z${i}`)),
    });
    const early: Early | undefined = policy.before(question, client);
    const decision =
      early && !early.waits ? early.decision : (policy.after(found(names), early)?.decision ?? undefined);
    return decision ? `${decision.list} ${said(decision)}` : 'nothing';
  };

  it('within a zone is client, name, answer, name of a server, address of a server', () => {
    expect(decided([['client', 'qname', 'ip', 'nsdname', 'nsip']])).toContain('rpz-client-ip');
    expect(decided([['qname', 'ip', 'nsdname', 'nsip']])).toContain('nodata by www.example.');
    expect(decided([['ip', 'nsdname', 'nsip']])).toContain('drop');
    expect(decided([['nsdname', 'nsip']])).toContain('tcp-only');
    expect(decided([['nsip']])).toContain('pass');
  });

  it('between zones is their order, even where the second could decide before the answer is known', () => {
    expect(decided([['ip'], ['qname']])).toContain('z0 drop');
    expect(decided([['nsip'], ['client']])).toContain('z0 pass');
    expect(decided([['qname'], ['ip']])).toContain('z0 nodata');
  });

  it('takes the rule of a later zone when those before it have nothing to say of the answer', () => {
    const policy = new Policy({ lists: [zone('32.7.7.7.7.rpz-ip CNAME .'), zone(rules.qname)] });
    const early = policy.before(question, undefined);
    expect(early).toMatchObject({ waits: true, at: 1 });
    expect(said(policy.after(found(), early)?.decision)).toContain('nodata');
  });

  it('along a chain is that of the names, whatever zone they are in', () => {
    const chain = ['www.example.', 'b.example.', 'c.example.'];
    const policy = new Policy({
      lists: [zone('c.example CNAME .', 'first'), zone('b.example CNAME *.', 'second')],
    });
    expect(policy.before(question)).toBeUndefined();
    expect(policy.after(found(chain), undefined)).toMatchObject({
      position: 1,
      decision: { list: 'second' },
    });
  });
});
