import { describe, expect, test } from 'vitest';
import { formatName, parseName } from '../../../src/dns/name.js';
import { formatType } from '../../../src/dns/registry.js';
import { formatRdata } from '../../../src/wire/rdata/registry.js';
import { parseZoneText } from '../../../src/zone/parse.js';

function parse(text: string) {
  return parseZoneText(`$TTL 60\n${text}`, { origin: parseName('example.') });
}

function generated(text: string): string[] {
  const { records, problems } = parse(text);
  expect(problems).toEqual([]);
  return records.map((r) => `${formatName(r.name)} ${formatType(r.type)} ${formatRdata(r.type, r.rdata)}`);
}

describe('$GENERATE', () => {
  test('makes one record for each number of the range', () => {
    expect(generated('$GENERATE 1-3 host$ A 192.0.2.$')).toEqual([
      'host1.example. A 192.0.2.1',
      'host2.example. A 192.0.2.2',
      'host3.example. A 192.0.2.3',
    ]);
  });

  test('takes a step, a TTL and a class', () => {
    expect(generated('$GENERATE 0-9/4 h$ 300 IN A 192.0.2.$')).toHaveLength(3);
  });

  test.each([
    ['0,3', 'h007'],
    ['10', 'h17'],
    ['-7', 'h0'],
    ['0,2,x', 'h07'],
    ['3,0,x', 'ha'],
    ['3,2,X', 'h0a'],
    ['1,3,o', 'h010'],
    ['0,3,n', 'h7.0'],
    ['3,4,N', 'ha.0'],
  ])('writes 7 through the modifier {%s} as %s', (modifier, owner) => {
    const text = `$GENERATE 7-7 h\${${modifier}} A 192.0.2.1`;
    expect(generated(text)).toEqual([`${owner}.example. A 192.0.2.1`]);
  });

  test.each(['\\$', '$$'])('writes %s as a dollar sign', (text) => {
    expect(generated(`$GENERATE 7-7 h${text} A 192.0.2.1`)).toEqual(['h\\$.example. A 192.0.2.1']);
  });

  test('takes several data fields, also in one quoted string as BIND wants them', () => {
    const expected = ['h1.example. MX 10 mail1.example.', 'h1.example. TXT "number 1"'];
    expect(generated('$GENERATE 1-1 h$ MX 10 mail$\n$GENERATE 1-1 h$ TXT "\\"number $\\""')).toEqual(
      expected,
    );
    expect(generated('$GENERATE 1-1 h$ MX "10 mail$"')).toEqual(expected.slice(0, 1));
  });

  test('makes the CNAMEs of RFC 2317 delegations', () => {
    expect(generated('$GENERATE 129-130 $ CNAME $.128/26')).toEqual([
      '129.example. CNAME 129.128/26.example.',
      '130.example. CNAME 130.128/26.example.',
    ]);
  });

  test.each([
    ['$GENERATE 1-3', '2:1 BAD_GENERATE'],
    ['$GENERATE 3-1 h$ A 192.0.2.$', '2:11 BAD_GENERATE'],
    ['$GENERATE 1-3/0 h$ A 192.0.2.$', '2:11 BAD_GENERATE'],
    ['$GENERATE x h$ A 192.0.2.$', '2:11 BAD_GENERATE'],
    ['$GENERATE 1-99999 h$ A 192.0.2.1', '2:11 BAD_GENERATE'],
    ['$GENERATE 255-300 h$ A 192.0.2.$', '2:1 BAD_RDATA'],
  ])('reports %s at %s, once', (text, expected) => {
    expect(parse(text).problems.map((p) => `${p.line}:${p.column} ${p.code}`)).toEqual([expected]);
  });

  test.each(['{x}', '{1', '{-5}', '{1,2,z}'])(
    'reports the bad modifier %s where its field stands',
    (modifier) => {
      const { problems } = parse(`$GENERATE 1-2 h$${modifier} A 192.0.2.1`);
      expect(problems.map((p) => `${p.line}:${p.column} ${p.code}`)).toEqual(['2:15 BAD_GENERATE']);
    },
  );
});
