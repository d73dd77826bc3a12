import { describe, expect, test } from 'vitest';
import { formatName, parseName } from '../../../src/dns/name.js';
import { formatClass, formatType } from '../../../src/dns/registry.js';
import { formatRdata } from '../../../src/wire/rdata/registry.js';
import { type ParsedMasterFile, type ParseOptions, parseZoneText } from '../../../src/zone/parse.js';

const example: ParseOptions = { origin: parseName('example.'), file: 'z' };

function parse(text: string, options: ParseOptions = example): ParsedMasterFile {
  return parseZoneText(text, options);
}

/** Records as `owner ttl class type data`; throws when there are problems. */
function records(text: string, options: ParseOptions = example): string[] {
  const parsed = parse(text, options);
  expect(parsed.problems).toEqual([]);
  return parsed.records.map(
    (r) =>
      `${formatName(r.name)} ${r.ttlSec} ${formatClass(r.class)} ${formatType(r.type)} ${formatRdata(r.type, r.rdata)}`,
  );
}

/** Problems as `line:column CODE`. */
function problems(text: string, options: ParseOptions = example): string[] {
  return parse(text, options).problems.map((p) => `${p.line}:${p.column} ${p.code}`);
}

describe('owner, TTL and class', () => {
  test.each([
    'www 300 IN A 192.0.2.1',
    'www IN 300 A 192.0.2.1',
    'www 5m A 192.0.2.1',
    'www in 300 a 192.0.2.1',
    'www.example. 300 CLASS1 TYPE1 192.0.2.1',
    'WWW 300 TYPE1 \\# 4 C0000201',
    'www 300 A \\# 4 C0 00 0201',
    'w\\119w 300 IN A 192.0.2.1',
  ])('are read from "%s"', (line) => {
    expect(records(line)).toEqual(['www.example. 300 IN A 192.0.2.1']);
  });

  test('are taken from the line before when they are left out', () => {
    expect(records('a 60 IN A 192.0.2.1\n  A 192.0.2.2\n\tTXT x\n')).toEqual([
      'a.example. 60 IN A 192.0.2.1',
      'a.example. 60 IN A 192.0.2.2',
      'a.example. 60 IN TXT "x"',
    ]);
  });

  test('RFC 2308 4: $TTL goes before the TTL of the record before', () => {
    expect(records('a 60 A 192.0.2.1\nb A 192.0.2.2\n$TTL 1h\nc A 192.0.2.3')).toEqual([
      'a.example. 60 IN A 192.0.2.1',
      'b.example. 60 IN A 192.0.2.2',
      'c.example. 3600 IN A 192.0.2.3',
    ]);
  });

  test('a SOA without any TTL takes its minimum, with a warning', () => {
    const parsed = parse('@ SOA ns host 1 2h 15m 2w 1h30m\n@ NS ns');
    expect(parsed.records.map((record) => record.ttlSec)).toEqual([5400, 5400]);
    expect(parsed.problems.map((p) => [p.severity, p.code])).toEqual([['warning', 'NO_TTL']]);
  });

  test('names of types and classes may be owners', () => {
    expect(records('A 60 A 192.0.2.1\nIN 60 IN TXT IN\n60 60 TXT 60')).toEqual([
      'a.example. 60 IN A 192.0.2.1',
      'in.example. 60 IN TXT "IN"',
      '60.example. 60 IN TXT "60"',
    ]);
  });
});

describe('names', () => {
  test('@ is the origin, $ORIGIN moves it, and it may be relative', () => {
    const text = '@ 60 NS ns\n$ORIGIN sub\n@ 60 NS @\nx 60 CNAME y.other.\n$ORIGIN .\nz 60 CNAME a';
    expect(records(text)).toEqual([
      'example. 60 IN NS ns.example.',
      'sub.example. 60 IN NS sub.example.',
      'x.sub.example. 60 IN CNAME y.other.',
      'z. 60 IN CNAME a.',
    ]);
  });

  test('an escaped dot belongs to the label, and an escaped @ is no origin', () => {
    expect(records('a\\.b 60 A 192.0.2.1\n\\@ 60 A 192.0.2.2')).toEqual([
      'a\\.b.example. 60 IN A 192.0.2.1',
      '\\@.example. 60 IN A 192.0.2.2',
    ]);
  });

  test('UTF-8 in names and strings is taken octet by octet', () => {
    expect(records('bücher 60 TXT "grün" grün')).toEqual([
      'b\\195\\188cher.example. 60 IN TXT "gr\\195\\188n" "gr\\195\\188n"',
    ]);
  });

  test('without an origin the owner of the first record becomes it', () => {
    expect(records('example. 60 NS ns\nwww 60 A 192.0.2.1', {})).toEqual([
      'example. 60 IN NS ns.example.',
      'www.example. 60 IN A 192.0.2.1',
    ]);
  });

  test('a relative first owner without an origin is an error', () => {
    expect(problems('www 60 A 192.0.2.1', {})).toEqual(['1:1 BAD_NAME']);
  });
});

describe('lines, quotes, comments', () => {
  test('parentheses join lines, comments end at the line, blank lines mean nothing', () => {
    const text = '\n ; nothing\n@ 60 SOA ns host ( ; begin\n  1 ; serial (\n 2 3\n4 5 ) ; end\n\n';
    expect(records(text)).toEqual(['example. 60 IN SOA ns.example. host.example. 1 2 3 4 5']);
  });

  test('CRLF line ends and a byte order mark are no part of the data', () => {
    expect(records('\ufeffa 60 TXT "x"\r\nb 60 TXT y\r\n')).toEqual([
      'a.example. 60 IN TXT "x"',
      'b.example. 60 IN TXT "y"',
    ]);
  });

  test('quotes keep blanks, semicolons and parentheses; backslash keeps a quote', () => {
    expect(records('a 60 TXT "a ; (b" "say \\"hi\\"" c\\;d')).toEqual([
      'a.example. 60 IN TXT "a ; (b" "say \\"hi\\"" "c;d"',
    ]);
  });

  test('a value in quotes after = is part of its word', () => {
    expect(records('a 60 HTTPS 1 . alpn="h2,h3" port=8443')).toEqual([
      'a.example. 60 IN HTTPS 1 . alpn="h2,h3" port=8443',
    ]);
  });

  test('an empty quoted string is a string', () => {
    expect(records('a 60 TXT ""')).toEqual(['a.example. 60 IN TXT ""']);
  });
});

describe('errors', () => {
  test.each([
    ['a 60 A 192.0.2', '1:8 BAD_RDATA'],
    ['a 60 MX 10', '1:11 BAD_RDATA'],
    ['a 60 A 192.0.2.1 extra', '1:18 BAD_RDATA'],
    ['a 60 NOTATYPE x', '1:6 UNKNOWN_TYPE'],
    ['a 60 IN', '1:6 SYNTAX'],
    ['a 60 OPT x', '1:6 META_TYPE'],
    ['a 60 AXFR x', '1:6 META_TYPE'],
    ['a 2147483648 A 192.0.2.1', '1:3 BAD_TTL'],
    ['a A 192.0.2.1', '1:1 NO_TTL'],
    [' 60 A 192.0.2.1', '1:2 NO_OWNER'],
    ['a..b 60 A 192.0.2.1', '1:3 BAD_NAME'],
    ['a 60 TXT "open', '1:10 UNCLOSED_QUOTE'],
    ['a 60 TXT ( "x"\n', '1:10 UNCLOSED_PARENTHESIS'],
    ['a 60 TXT "x" )', '1:14 UNEXPECTED_PARENTHESIS'],
    ['$FOO bar', '1:1 UNKNOWN_DIRECTIVE'],
    ['$TTL', '1:1 BAD_DIRECTIVE'],
    ['$TTL x', '1:6 BAD_TTL'],
    ['$TTL 1h 2h', '1:9 BAD_DIRECTIVE'],
    ['$ORIGIN a..b', '1:11 BAD_NAME'],
    ['a 60 IN A 192.0.2.1\nb 60 CH A 192.0.2.1', '2:6 WRONG_CLASS'],
    ['a 60 ANY A 192.0.2.1', '1:6 WRONG_CLASS'],
    ['a 60 TYPE65280 text', '1:16 BAD_RDATA'],
  ])('of "%s" are reported at %s', (text, expected) => {
    expect(problems(text)).toEqual([expected]);
  });

  test('are all collected, and the lines between are read', () => {
    const parsed = parse('a 60 A bad\nb 60 A 192.0.2.1\nc 60 AAAA bad\nd 60 A 192.0.2.2');
    expect(parsed.problems.map((p) => p.line)).toEqual([1, 3]);
    expect(parsed.records.map((record) => formatName(record.name))).toEqual(['b.example.', 'd.example.']);
  });

  test('stop after a hundred, since the file is then something else', () => {
    const found = parse('junk line\n'.repeat(500)).problems;
    expect(found).toHaveLength(101);
    expect(found.at(-1)!.code).toBe('TOO_MANY_ERRORS');
  });

  test('say what was expected', () => {
    expect(parse('a 60 NOTATYPE x').problems[0]!.message).toBe(
      'expected a TTL, a class or a type, found "NOTATYPE"',
    );
  });
});

describe('$INCLUDE', () => {
  const files = new Map([
    ['/zones/sub/hosts.inc', 'h1 A 192.0.2.1\n$ORIGIN deep\nh2 A 192.0.2.2\n$INCLUDE more.inc\n'],
    ['/zones/sub/more.inc', 'h3 A 192.0.2.3\n'],
    ['/zones/loop.inc', '$INCLUDE loop.inc\n'],
    ['/zones/a.inc', '$INCLUDE sub/../b.inc\n'],
    ['/zones/b.inc', '$INCLUDE a.inc\n'],
    ['/zones/bad.inc', '\nx 60 A bad\n'],
  ]);
  const options: ParseOptions = {
    origin: parseName('example.'),
    file: '/zones/main.zone',
    readFile: (path) => {
      const text = files.get(path);
      if (text === undefined) throw new Error('no such file');
      return text;
    },
  };

  test('is relative to the including file; origin and owner come back after it, names below keep theirs', () => {
    const text =
      '$TTL 60\nown A 192.0.2.9\n$INCLUDE sub/hosts.inc inc.example.\n A 192.0.2.10\nx A 192.0.2.11';
    expect(records(text, options)).toEqual([
      'own.example. 60 IN A 192.0.2.9',
      'h1.inc.example. 60 IN A 192.0.2.1',
      'h2.deep.inc.example. 60 IN A 192.0.2.2',
      'h3.deep.inc.example. 60 IN A 192.0.2.3',
      'own.example. 60 IN A 192.0.2.10',
      'x.example. 60 IN A 192.0.2.11',
    ]);
  });

  test('lists every file that was read, for watching', () => {
    expect(parse('$TTL 60\n$INCLUDE sub/hosts.inc', options).files).toEqual([
      '/zones/sub/hosts.inc',
      '/zones/sub/more.inc',
    ]);
  });

  test.each(['$INCLUDE loop.inc', '$INCLUDE a.inc'])('does not follow the loop of %s', (text) => {
    expect(parse(text, options).problems.map((p) => p.code)).toEqual(['INCLUDE_LOOP']);
  });

  test('is not followed without end through ever other names of one chain', () => {
    const deep: ParseOptions = {
      ...options,
      readFile: (path) => `$INCLUDE x${path.replaceAll('/', '')}\n`,
    };
    expect(parse('$INCLUDE y', deep).problems.map((p) => p.code)).toEqual(['INCLUDE_DEPTH']);
  });

  test('is not followed a thousand times, though no chain of it is long', () => {
    let reads = 0;
    const wide: ParseOptions = {
      ...options,
      readFile: (path) => {
        reads++;
        return Array.from({ length: 20 }, (_, i) => `$INCLUDE ${i}-${path.length}${path.slice(-20)}\n`).join(
          '',
        );
      },
    };
    expect(parse('$INCLUDE y', wide).problems.map((p) => p.code)).toContain('INCLUDE_DEPTH');
    expect(reads).toBeLessThanOrEqual(1000);
  });

  test('reports errors in the file where they are, and a missing file where it is named', () => {
    const found = parse('$INCLUDE bad.inc\n$INCLUDE gone.inc', options).problems;
    expect(found.map((p) => [p.file, p.line, p.column, p.code])).toEqual([
      ['/zones/bad.inc', 2, 8, 'BAD_RDATA'],
      ['/zones/main.zone', 2, 10, 'FILE_UNREADABLE'],
    ]);
  });
});
