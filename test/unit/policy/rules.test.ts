import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { formatName, parseName } from '../../../src/dns/name.js';
import { RRClass, RRType } from '../../../src/dns/registry.js';
import { hostsTable } from '../../../src/policy/hosts.js';
import { Policy } from '../../../src/policy/policy.js';
import { responsePolicyZone } from '../../../src/policy/rpz.js';
import { BlockList, blockList, type Decision, readBlockList } from '../../../src/policy/rules.js';
import { formatRdata } from '../../../src/wire/rdata/registry.js';
import { parseZoneText } from '../../../src/zone/parse.js';

const said = (decision: Decision | undefined): string => {
  if (!decision) return 'nothing';
  if (decision.kind === 'pass') return `pass by ${formatName(decision.rule)}`;
  if (decision.kind === 'block') return `${decision.action} by ${formatName(decision.rule)}`;
  if (decision.kind === 'tcp-only') return `tcp-only by ${formatName(decision.rule)}`;
  return decision.rrsets.flatMap((r) => r.rdatas.map((rdata) => formatRdata(r.type, rdata))).join(' ');
};

describe('a block list', () => {
  it.each([
    [
      'hosts',
      '0.0.0.0 ads.test tracker.test # both\n127.0.0.1 localhost\n',
      'ads.test.',
      'nxdomain by ads.test.',
    ],
    ['hosts', '0.0.0.0 ads.test\n', 'x.ads.test.', 'nothing'],
    ['hosts', '127.0.0.1 localhost\n', 'localhost.', 'nothing'],
    ['domains', 'ads.test\n', 'x.ads.test.', 'nxdomain by ads.test.'],
    ['domains', '*.ads.test\r\n', 'ads.test.', 'nothing'],
    ['adblock', '! title\n||ads.test^\n', 'x.ads.test.', 'nxdomain by ads.test.'],
    ['adblock', '||ads.test^\n@@||good.ads.test^\n', 'good.ads.test.', 'pass by good.ads.test.'],
    ['adblock', '||ads.test^$third-party\n', 'ads.test.', 'nothing'],
  ] as const)('in the format %s: %j says of %s: %s', (format, text, asked, expected) => {
    expect(said(blockList('l', text, format, 'nxdomain').decide(parseName(asked)))).toBe(expected);
  });

  it('loads the good lines and counts the bad ones, with their numbers', () => {
    const text = `good.test\nnot..aname\n${'x'.repeat(2000)}\n\nalso.test\n`;
    const list = blockList('l', text, 'domains', 'nodata');
    expect(list).toMatchObject({ rules: 2, bad: 2 });
    expect(list.firstBad.map((bad) => bad.line)).toEqual([2, 3]);
  });

  it('reads a text in pieces, wherever they are cut', () => {
    const text = 'good.test\r\nnot..aname\nalso.test\nlast.test';
    for (let size = 1; size < text.length; size++) {
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
        text.slice(i * size, (i + 1) * size),
      );
      const list = new BlockList(readBlockList('l', pieces, 'domains', 'nodata'));
      expect([size, list.rules, list.bad, list.firstBad[0]?.line]).toEqual([size, 3, 1, 2]);
    }
  });

  it('survives names that are properties of every object', () => {
    const list = blockList('l', 'constructor\n__proto__\n', 'domains', 'nodata');
    expect(said(list.decide(parseName('__proto__.')))).toBe('nodata by __proto__.');
    expect(said(list.decide(parseName('tostring.')))).toBe('nothing');
  });
});

const sample = fileURLToPath(
  new URL('../../../../shared/data/rpz/stevenblack-uncheckyads.hosts', import.meta.url),
);

describe.runIf(existsSync(sample))('a real hosts list', () => {
  it('is read without a bad line', () => {
    const list = blockList('real', readFileSync(sample, 'utf8'), 'hosts', 'null-address');
    expect(list.bad).toBe(0);
    expect(list.rules).toBeGreaterThan(5);
  });
});

const rpz = `$ORIGIN rpz.test.
@ 60 SOA ns hostmaster 1 2 3 4 5
@ 60 NS ns
nx.example 60 CNAME .
*.nx.example 60 CNAME .
nodata.example 60 CNAME *.
ok.nx.example 60 CNAME rpz-passthru.
drop.example 60 CNAME rpz-drop.
data.example 60 A 192.0.2.1
data.example 60 TXT "here"
walled.example 60 CNAME garden.example.
32.1.2.0.192.rpz-client-ip 60 CNAME .
`;

describe('a response policy zone', () => {
  const { records } = parseZoneText(rpz);
  const list = responsePolicyZone('rpz', parseName('rpz.test.'), records);

  it.each([
    ['nx.example.', 'nxdomain by nx.example.'],
    ['deep.x.nx.example.', 'nxdomain by *.nx.example.'],
    ['deep.ok.nx.example.', 'nothing'],
    ['ok.nx.example.', 'pass by ok.nx.example.'],
    ['nodata.example.', 'nodata by nodata.example.'],
    ['drop.example.', 'drop by drop.example.'],
    ['data.example.', '192.0.2.1 here'],
    ['walled.example.', 'garden.example.'],
    ['www.example.', 'nothing'],
  ])('says of %s: %s', (asked, expected) => {
    expect(said(list.decide(parseName(asked))).replaceAll('"', '')).toBe(expected);
  });

  it('counts every rule, and no good line as bad', () => {
    expect(list).toMatchObject({ rules: 8, bad: 0 });
  });
});

describe('a hosts file', () => {
  const hosts = hostsTable('192.0.2.7 printer printer.lan # upstairs\n2001:db8::7 printer.lan\nnonsense\n');
  const answer = (name: string, type: number) =>
    hosts
      .answer({ name: parseName(name), type, class: RRClass.IN })
      ?.flatMap((r) => r.rdatas.map((rdata) => formatRdata(r.type, rdata)));

  it('answers forth and back', () => {
    expect(answer('printer.lan.', RRType.A)).toEqual(['192.0.2.7']);
    expect(answer('printer.lan.', RRType.AAAA)).toEqual(['2001:db8::7']);
    expect(answer('7.2.0.192.in-addr.arpa.', RRType.PTR)).toEqual(['printer.']);
    expect(answer('printer.lan.', RRType.MX)).toEqual([]);
    expect(answer('scanner.lan.', RRType.A)).toBeUndefined();
    expect(hosts.bad).toBe(1);
    expect(hosts.firstBad).toEqual([{ line: 3, why: 'it does not begin with an address' }]);
  });
});

describe('rebinding protection', () => {
  const question = (name: string) => ({ name: parseName(name), type: RRType.A, class: RRClass.IN });
  const rrset = (type: number, rdata: string) => [
    { name: parseName('x.'), type, class: RRClass.IN, ttlSec: 1, rdatas: [rdata], signatures: [] },
  ];
  const policy = new Policy({ lists: [], rebindingAllowed: [parseName('corp.example.')] });

  it.each([
    ['evil.example.', RRType.A, '\x0a\0\0\x01', true],
    ['evil.example.', RRType.A, '\x7f\0\0\x01', true],
    ['evil.example.', RRType.AAAA, `\xfd${'\0'.repeat(14)}\x01`, true],
    ['evil.example.', RRType.AAAA, `${'\0'.repeat(10)}\xff\xff\x0a\0\0\x01`, true],
    ['fine.example.', RRType.A, '\xc6\x33\x64\x01', false],
    ['intra.corp.example.', RRType.A, '\x0a\0\0\x01', false],
  ])('of %s type %d %j: %s', (name, type, rdata, expected) => {
    expect(policy.rebinds(question(name), rrset(type, rdata)) !== undefined).toBe(expected);
  });

  it('is off unless asked for', () => {
    expect(
      new Policy({ lists: [] }).rebinds(question('x.'), rrset(RRType.A, '\x0a\0\0\x01')),
    ).toBeUndefined();
  });
});

const zoneFolder = fileURLToPath(new URL('../../../../shared/data/rpz/bind9/', import.meta.url));

describe.runIf(existsSync(zoneFolder))('real response policy zones', () => {
  const load = (file: string) => {
    const { records } = parseZoneText(readFileSync(`${zoneFolder}${file}`, 'utf8'), {
      origin: parseName('rpz.'),
    });
    const soa = records.find(({ type }) => type === RRType.SOA);
    return soa && responsePolicyZone(file, soa.name, records);
  };

  it.each(existsSync(zoneFolder) ? readdirSync(zoneFolder) : [])(
    '%s is loaded or has no SOA, and decides',
    (file) => {
      const list = load(file);
      expect(() => list?.decide(parseName('www.example.com'))).not.toThrow();
      if (list) expect(list.octets).toBeGreaterThan(0);
    },
  );

  it('count each rule, and each line that is none', () => {
    expect(load('rpz_ns3_slow-rpz.db.in')).toMatchObject({ rules: 30, bad: 0 });
    expect(load('rpz_ns3_mixed-case-rpz-2.db.in')).toMatchObject({ rules: 2, bad: 0 });
    expect(load('rpz_ns3_outofzone.db.in')).toMatchObject({ rules: 1, bad: 1 });
    expect(load('rpzrecurse_ns2_db.clientip1')).toMatchObject({ rules: 3, bad: 0 });
    expect(load('rpzrecurse_ns2_db.invalidprefixlength')).toMatchObject({
      bad: 1,
      firstBad: [{ why: 'the prefix length must be from 0 to 32' }],
    });
  });
});

describe('an alias to a wildcard in a response policy zone', () => {
  it('has the name that was asked in front, unless that gets too long', () => {
    const { records } = parseZoneText('*.evil.test 60 CNAME *.garden.test.\n', { origin: parseName('rpz.') });
    const list = responsePolicyZone('l', parseName('rpz.'), records);
    expect(said(list.decide(parseName('a.evil.test')))).toBe('a.evil.test.garden.test.');
    const long = `${Array(4).fill('x'.repeat(58)).join('.')}.evil.test.`;
    expect(said(list.decide(parseName(long)))).toBe('');
  });
});
