import { describe, expect, it } from 'vitest';
import { parseName } from '../../../src/dns/name.js';
import { classify, responseClass } from '../../../src/resolver/classify.js';
import { scrub } from '../../../src/resolver/scrub.js';
import { asking, responseTo } from '../../support/responses.js';
import type { ReplyParts } from '../../support/world.js';

const SOA = 'test. SOA ns.test. h.test. 1 2 3 4 5';
const NS = 'a.test. NS ns.a.test.';

function kindOf(parts: ReplyParts, forwarder = false, question = 'www.a.test.'): string {
  const asked = asking(question);
  const message = responseTo(asked, parts);
  const result = classify(message, scrub(message, asked, parseName('test.')), forwarder);
  return result.kind === 'links'
    ? `links ${responseClass(result)}`
    : `${result.kind} ${responseClass(result)}`;
}

describe('classify', () => {
  it.each<[string, ReplyParts, string]>([
    ['an answer', { answer: 'www.a.test. A 192.0.2.1' }, 'links answer'],
    ['an answer without AA', { aa: false, answer: 'www.a.test. A 192.0.2.1' }, 'links answer'],
    ['an alias that leads away', { answer: 'www.a.test. CNAME x.example.' }, 'links cname'],
    ['a DNAME', { answer: 'a.test. DNAME b.example.' }, 'links dname'],
    [
      'an alias and the denial of its target',
      { rcode: 'NXDOMAIN', answer: 'www.a.test. CNAME x.test.', authority: SOA },
      'links nxdomain',
    ],
    [
      'an alias and no data of its target',
      { answer: 'www.a.test. CNAME x.test.', authority: SOA },
      'links nodata',
    ],
    [
      'an alias that leads away, with NXDOMAIN for elsewhere',
      { rcode: 'NXDOMAIN', answer: 'www.a.test. CNAME x.example.', authority: SOA },
      'links cname',
    ],
    [
      'an alias of itself, with SOA',
      { answer: 'www.a.test. CNAME www.a.test.', authority: SOA },
      'links cname',
    ],
    ['a referral', { aa: false, authority: NS }, 'referral referral'],
    ['a referral with AA', { authority: NS }, 'referral referral'],
    [
      'a referral beside the SOA of the parent',
      { aa: false, authority: `${SOA}\n${NS}` },
      'referral referral',
    ],
    ['NXDOMAIN', { rcode: 'NXDOMAIN', authority: SOA }, 'links nxdomain'],
    ['NXDOMAIN without SOA', { rcode: 'NXDOMAIN' }, 'links nxdomain'],
    [
      'NXDOMAIN beside an upward referral',
      { rcode: 'NXDOMAIN', aa: false, authority: '. NS a.root.' },
      'lame lame',
    ],
    ['NODATA', { authority: SOA }, 'links nodata'],
    ['NODATA by NSEC without SOA', { authority: 'www.a.test. NSEC x.test. TXT' }, 'links nodata'],
    ['an upward referral', { aa: false, authority: '. NS a.root.' }, 'lame lame'],
    ['a referral to the asked zone itself', { aa: false, authority: 'test. NS ns.test.' }, 'lame lame'],
    ['nothing', {}, 'empty nodata'],
    ['TC, whatever it holds', { tc: true, answer: 'www.a.test. A 192.0.2.1' }, 'truncated truncated'],
    ['REFUSED', { rcode: 'REFUSED' }, 'error refused'],
    [
      'REFUSED with an answer in it',
      { rcode: 'REFUSED', answer: 'www.a.test. A 192.0.2.1' },
      'error refused',
    ],
    ['SERVFAIL', { rcode: 'SERVFAIL' }, 'error servfail'],
    ['FORMERR', { rcode: 'FORMERR' }, 'error formerr'],
    ['BADVERS', { rcode: 'BADVERS' }, 'error formerr'],
    ['NOTIMP', { rcode: 'NOTIMP' }, 'error notimp'],
    ['NOTAUTH', { rcode: 'NOTAUTH' }, 'error useless'],
    ['YXDOMAIN', { rcode: 'YXDOMAIN' }, 'error useless'],
    ['a record of another name', { answer: 'x.test. A 192.0.2.1' }, 'empty nodata'],
  ])('%s', (_what, parts, kind) => {
    expect(kindOf(parts)).toBe(kind);
  });

  it('takes no referral from a forwarder, nor calls one lame', () => {
    expect(kindOf({ aa: false, authority: NS }, true)).toBe('empty nodata');
    expect(kindOf({ aa: false, authority: '. NS a.root.' }, true)).toBe('empty nodata');
    expect(kindOf({ aa: false, rcode: 'NXDOMAIN', authority: '. NS a.root.' }, true)).toBe('links nxdomain');
  });

  it('a DNAME that makes the name too long is told as that', () => {
    const label = 'x'.repeat(60);
    const answer = `o.test. DNAME ${label}.${label}.test.`;
    expect(kindOf({ rcode: 'YXDOMAIN', answer }, false, `${label}.${label}.${label}.o.test.`)).toBe(
      'name-too-long dname',
    );
  });

  it('too large an RRset is told as that', () => {
    const answer = Array.from({ length: 300 }, (_, i) => `www.a.test. A 10.0.${i >> 8}.${i & 255}`).join(
      '\n',
    );
    expect(kindOf({ answer })).toBe('oversized useless');
  });
});
