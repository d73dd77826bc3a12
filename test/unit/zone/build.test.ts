import { describe, expect, test } from 'vitest';
import { parseName } from '../../../src/dns/name.js';
import { RRType } from '../../../src/dns/registry.js';
import { loadZoneFile, loadZoneText } from '../../../src/zone/build.js';
import { formatZoneError } from '../../../src/zone/zone-error.js';

const apex = '$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n';
const origin = parseName('example.');

function load(text: string) {
  return loadZoneText(text, { origin, file: 'z' });
}

/** `severity line CODE` of what is wrong with lines added to a good zone, which has four lines. */
function problems(lines: string): string[] {
  return load(apex + lines).problems.map((p) => `${p.severity} ${p.line} ${p.code}`);
}

describe('RRsets', () => {
  test('hold the records of one owner and type in the order of the file', () => {
    const { zone } = load(`${apex}a A 192.0.2.2\nb TXT x\nA A 192.0.2.1`);
    expect(zone!.rrset(parseName('a.example.'), RRType.A)!.rdatas).toEqual([
      '\xc0\0\x02\x02',
      '\xc0\0\x02\x01',
    ]);
  });

  test('carry the RRSIGs that cover them, wherever those stand', () => {
    const rrsig = 'a RRSIG A 13 2 60 20260101000000 20250101000000 1 example. AAAA\n';
    const rrset = load(`${apex}${rrsig}a A 192.0.2.2`).zone!.rrset(parseName('a.example.'), RRType.A)!;
    expect(rrset.signatures).toHaveLength(1);
    expect(problems(rrsig)).toEqual(['warning 5 ORPHAN_SIGNATURE']);
  });

  test('RFC 2181 5.2: take the lowest of differing TTLs, with a warning', () => {
    const text = 'a 60 A 192.0.2.2\na 30 A 192.0.2.3\n';
    expect(problems(text)).toEqual(['warning 6 DIFFERING_TTL']);
    expect(load(apex + text).zone!.rrset(parseName('a.example.'), RRType.A)!.ttlSec).toBe(30);
  });

  test('keep a repeated record once, with a warning', () => {
    expect(problems('a A 192.0.2.2\na A 192.0.2.2')).toEqual(['warning 6 DUPLICATE_RECORD']);
  });
});

describe('what keeps a zone from being served', () => {
  test.each([
    ['no SOA', '$TTL 60\n@ NS ns', 'error 1 NO_SOA'],
    ['an empty file', '', 'error 1 NO_SOA'],
    ['no NS at the apex', '$TTL 60\n@ SOA ns host 1 2 3 4 5', 'error 2 NO_APEX_NS'],
    ['a second SOA', `${apex}@ SOA ns host 9 2 3 4 5`, 'error 5 MULTIPLE_SOA'],
    ['a SOA below the apex', `${apex}x SOA ns host 9 2 3 4 5`, 'error 5 SOA_NOT_AT_APEX'],
    ['a record outside the zone', `${apex}www.other. A 192.0.2.2`, 'error 5 OUT_OF_ZONE'],
    ['a CNAME beside other data', `${apex}a CNAME ns\na TXT x`, 'error 5 CNAME_AND_OTHER_DATA'],
    ['two CNAMEs', `${apex}a CNAME ns\na CNAME b`, 'error 5 MULTIPLE_CNAME'],
    ['two DNAMEs', `${apex}a DNAME x.\na DNAME y.`, 'error 5 MULTIPLE_DNAME'],
    ['unreadable data', `${apex}a A x`, 'error 5 BAD_RDATA'],
  ])('%s', (_what, text, expected) => {
    const loaded = load(text);
    expect(loaded.problems.map((p) => `${p.severity} ${p.line} ${p.code}`)).toContain(expected);
    expect(loaded.zone).toBeUndefined();
  });

  test('a file that is not there', () => {
    const { zone, problems: found } = loadZoneFile('no-such-file.zone');
    expect([zone, found.map((p) => p.code)]).toEqual([undefined, ['FILE_UNREADABLE']]);
  });
});

describe('what is only warned of', () => {
  test.each([
    ['NS to an alias', 'sub NS a\na CNAME ns', 'warning 5 TARGET_IS_ALIAS'],
    ['MX to an alias', '@ MX 1 a\na CNAME ns', 'warning 5 TARGET_IS_ALIAS'],
    ['MX to an alias by wildcard', '@ MX 1 x.a\n*.a CNAME ns', 'warning 5 TARGET_IS_ALIAS'],
    ['SRV to nothing', '_x._tcp SRV 0 0 1 a', 'warning 5 TARGET_MISSING'],
    ['NS below the cut without glue', 'sub NS ns.sub', 'warning 5 GLUE_MISSING'],
    ['data below a DNAME', 'd DNAME x.\na.d A 192.0.2.2', 'warning 6 DATA_BELOW_DNAME'],
    ['data below a zone cut', 'sub NS ns\nwww.sub TXT x', 'warning 6 OCCLUDED'],
    ['DS without NS', 'sub DS 1 13 2 00', 'warning 5 DS_WITHOUT_NS'],
  ])('%s', (_what, lines, expected) => {
    expect(problems(lines)).toEqual([expected]);
    expect(load(apex + lines).zone).toBeDefined();
  });

  test.each([
    ['an MX of "." (RFC 7505)', '@ MX 0 .'],
    ['an SRV of "."', '_x._tcp SRV 0 0 0 .'],
    ['a target outside the zone', '@ MX 1 mail.other.'],
    ['a target that a wildcard answers', '@ MX 1 a.w\n*.w A 192.0.2.2'],
    ['NSEC and RRSIG beside a CNAME', 'a CNAME ns\na NSEC ns CNAME RRSIG NSEC'],
    ['a delegation with glue', 'sub NS ns.sub\nns.sub A 192.0.2.2'],
    ['a delegation to another zone', 'sub NS ns.other.'],
    ['a delegation to a server in a sibling delegation', 'sub NS ns.sib\nsib NS ns.other.'],
  ])('and what is not: %s', (_what, lines) => {
    expect(problems(lines)).toEqual([]);
  });
});

test('a problem prints as file, line, column, severity, message and code', () => {
  expect(formatZoneError(load(`${apex}a A x`).problems[0]!)).toBe(
    'z:5:5: error: A data: address "x" is not an IPv4 address (BAD_RDATA)',
  );
});
