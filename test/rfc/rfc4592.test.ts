import { describe, expect, test } from 'vitest';
import type { AuthorityAnswer } from '../../src/authority/answer-sections.js';
import { lookupZone } from '../../src/authority/lookup.js';
import { parseName } from '../../src/dns/name.js';
import { parseType, Rcode, RRClass } from '../../src/dns/registry.js';
import { loadZoneText } from '../../src/zone/build.js';
import { linesOf } from '../support/answer-lines.js';

/** The zone of section 2.2.1; the names of its delegation and TXT data are shortened as there. */
const { zone } = loadZoneText(`
$ORIGIN example.
example.                 3600 IN  SOA   ns.example.com. hostmaster.example.com. 1 7200 3600 1209600 3600
example.                 3600     NS    ns.example.com.
example.                 3600     NS    ns.example.net.
*.example.               3600     TXT   "this is a wildcard"
*.example.               3600     MX    10 host1.example.
sub.*.example.           3600     TXT   "this is not a wildcard"
host1.example.           3600     A     192.0.2.1
_ssh._tcp.host1.example. 3600     SRV   0 0 22 host1.example.
_ssh._tcp.host2.example. 3600     SRV   0 0 22 host1.example.
subdel.example.          3600     NS    ns.example.com.
subdel.example.          3600     NS    ns.example.net.
`);

function ask(name: string, type: string): AuthorityAnswer {
  const question = { name: parseName(name), type: parseType(type)!, class: RRClass.IN };
  return lookupZone(zone!, question, { do: false });
}

describe('2.2.1 responses synthesised from the wildcard of the example zone', () => {
  test('host3.example. MX is answered with the wildcard MX, owned by host3.example.', () => {
    expect(linesOf(ask('host3.example.', 'MX').answer)).toEqual(['host3.example. 3600 mx 10 host1.example.']);
  });

  test('host3.example. A has no data, because the wildcard matches and has no A', () => {
    const { rcode, answer, authority } = ask('host3.example.', 'A');
    expect([rcode, answer, authority.map((rrset) => rrset.type)]).toEqual([
      Rcode.NOERROR,
      [],
      [parseType('SOA')],
    ]);
  });

  test('foo.bar.example. TXT is answered, though bar.example. does not exist', () => {
    const { answer } = ask('foo.bar.example.', 'TXT');
    expect(linesOf(answer)).toEqual(['foo.bar.example. 3600 txt "this is a wildcard"']);
  });
});

describe('2.2.1 responses that are not synthesised', () => {
  test.each([
    ['host1.example.', 'MX', 'because host1.example. exists', Rcode.NOERROR],
    ['sub.*.example.', 'MX', 'because sub.*.example. exists', Rcode.NOERROR],
    ['_telnet._tcp.host1.example.', 'SRV', 'because _tcp.host1.example. exists without data', Rcode.NXDOMAIN],
    ['ghost.*.example.', 'MX', 'because *.example. exists', Rcode.NXDOMAIN],
  ])('%s %s is denied, %s', (name, type, _why, rcode) => {
    const answer = ask(name, type);
    expect([answer.rcode, answer.answer]).toEqual([rcode, []]);
  });

  test('host.subdel.example. A is referred, because subdel.example. is a zone cut', () => {
    const { aa, answer, authority } = ask('host.subdel.example.', 'A');
    expect([aa, answer]).toEqual([false, []]);
    expect(linesOf(authority)).toEqual([
      'subdel.example. 3600 ns ns.example.com.',
      'subdel.example. 3600 ns ns.example.net.',
    ]);
  });
});

describe('2.2.2 empty non-terminals', () => {
  test.each(['_tcp.host1.example.', '_tcp.host2.example.', 'host2.example.'])(
    '%s exists and has no data, so no wildcard applies',
    (name) => {
      const { rcode, answer } = ask(name, 'TXT');
      expect([rcode, answer]).toEqual([Rcode.NOERROR, []]);
    },
  );
});

describe('2.3 and 4 the wildcard as a name of its own', () => {
  test('2.3 a question for *.example. is answered with the RRset under its own name', () => {
    expect(linesOf(ask('*.example.', 'TXT').answer)).toEqual(['*.example. 3600 txt "this is a wildcard"']);
  });

  test('3.3.1 the closest encloser of a name below an existing name is that name, not the apex', () => {
    expect(ask('nobody.host1.example.', 'TXT').rcode).toBe(Rcode.NXDOMAIN);
  });
});
