import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatName, isSubdomain, parseName } from '../../../src/dns/name.js';
import { formatType, RRType } from '../../../src/dns/registry.js';
import type { Rdata, RRset } from '../../../src/dns/rrset.js';
import { dnameStep, scrub } from '../../../src/resolver/scrub.js';
import { asking, responseTo } from '../../support/responses.js';
import { onlyRrset, rrsetsOf } from '../../support/signed-data.js';
import type { ReplyParts } from '../../support/world.js';

const scrubbed = (question: string, zone: string, parts: ReplyParts) =>
  scrub(responseTo(asking(question), parts), asking(question), parseName(zone));
const names = (rrsets: readonly RRset[]) => rrsets.map((r) => `${formatName(r.name)} ${formatType(r.type)}`);

describe('the answer', () => {
  it('keeps what was asked for and removes the rest, in order', () => {
    const result = scrubbed('www.test.', 'test.', {
      answer: 'x.test. A 192.0.2.9\nwww.test. A 192.0.2.1\nwww.test. TXT "x"',
      authority: 'test. NS ns.test.',
      additional: 'ns.test. A 192.0.2.2',
    });
    expect(names(result.final)).toEqual(['www.test. A']);
    expect(names(result.removed())).toEqual(['x.test. A', 'www.test. TXT', 'test. NS', 'ns.test. A']);
    expect(result.referral).toBeUndefined();
  });

  it('takes the signatures that stand in another section', () => {
    const response = responseTo(asking('www.test.'), { answer: 'www.test. A 192.0.2.1' });
    const stray = (name: string, type: number): RRset => {
      const signature = String.fromCharCode(type >> 8, type & 255) + name;
      return {
        ...response.answer[0]!,
        name: parseName(name),
        type: RRType.RRSIG,
        rdatas: [signature as Rdata],
      };
    };
    const additional = [
      stray('x.test.', RRType.A),
      stray('www.test.', RRType.AAAA),
      stray('www.test.', RRType.A),
    ];
    const { final } = scrub({ ...response, additional }, asking('www.test.'), parseName('test.'));
    expect(final).toMatchObject([{ type: RRType.A, signatures: ['\0\x01www.test.'] }]);
  });

  it('keeps all types of the name for ANY', () => {
    const result = scrubbed('www.test. ANY', 'test.', { answer: 'www.test. A 192.0.2.1\nwww.test. TXT "x"' });
    expect(names(result.final)).toEqual(['www.test. A', 'www.test. TXT']);
  });

  it('follows a chain inside the zone to its end', () => {
    const result = scrubbed('a.test.', 'test.', {
      answer: 'b.test. CNAME c.test.\na.test. CNAME b.test.\nc.test. A 192.0.2.1',
    });
    expect(result.steps.map((s) => formatName(s.target))).toEqual(['b.test.', 'c.test.']);
    expect(names(result.final)).toEqual(['c.test. A']);
  });

  it('stops where the chain leaves the zone', () => {
    const result = scrubbed('a.test.', 'test.', {
      answer: 'a.test. CNAME b.example.\nb.example. CNAME c.test.\nc.test. A 192.0.2.1',
    });
    expect(result.steps).toHaveLength(1);
    expect(result).toMatchObject({ lastInZone: false, final: [] });
    expect(names(result.removed())).toEqual(['b.example. CNAME', 'c.test. A']);
  });

  it('takes no more than 11 links, even of a loop', () => {
    const links = Array.from({ length: 20 }, (_, i) => `n${i}.test. CNAME n${i + 1}.test.`);
    expect(scrubbed('n0.test.', 'test.', { answer: links.join('\n') }).steps).toHaveLength(11);
    const loop = scrubbed('a.test.', 'test.', { answer: 'a.test. CNAME b.test.\nb.test. CNAME a.test.' });
    expect(loop.steps.length).toBeLessThanOrEqual(11);
  });

  it('takes an alias of itself as one link', () => {
    const result = scrubbed('a.test.', 'test.', { answer: 'a.test. CNAME a.test.' });
    expect(result.steps).toHaveLength(1);
    expect(result.final).toEqual([]);
  });

  it('takes the first of several CNAMEs at one name', () => {
    const result = scrubbed('a.test.', 'test.', { answer: 'a.test. CNAME b.test.\na.test. CNAME c.test.' });
    expect(result.steps[0]!.rrsets[0]!.rdatas).toEqual([parseName('b.test.')]);
  });

  it('does not follow the CNAME that was asked for', () => {
    const result = scrubbed('a.test. CNAME', 'test.', {
      answer: 'a.test. CNAME b.test.\nb.test. CNAME c.test.',
    });
    expect(names(result.final)).toEqual(['a.test. CNAME']);
    expect(result.steps).toEqual([]);
  });

  it('prefers a DNAME above to what stands at the name', () => {
    const result = scrubbed('a.old.test.', 'test.', {
      answer: 'a.old.test. A 203.0.113.66\nold.test. DNAME new.example.',
    });
    expect(result.final).toEqual([]);
    expect(result.steps[0]).toMatchObject({ by: 'DNAME', target: parseName('a.new.example.') });
  });

  it.each([
    ['of the root', '. DNAME evil.'],
    ['of a zone above', 'test. DNAME evil.'],
    ['of the name itself', 'a.sub.test. DNAME evil.'],
    ['that is two', 'sub.test. DNAME evil.\nsub.test. DNAME good.'],
  ])('believes no DNAME %s', (_what, dname) => {
    const result = scrubbed('a.sub.test.', 'sub.test.', { answer: `${dname}\na.sub.test. A 192.0.2.1` });
    expect(names(result.final)).toEqual(['a.sub.test. A']);
  });

  it.each([
    [257, 'A', true],
    [256, 'A', false],
  ])('%i records are too many: %s, %s', (count, _type, oversized) => {
    const answer = Array.from({ length: count }, (_, i) => `a.test. A 10.0.${i >> 8}.${i & 255}`).join('\n');
    expect(scrubbed('a.test.', 'test.', { answer }).oversized !== undefined).toBe(oversized);
  });
});

describe('the authority section', () => {
  it('yields a referral to a zone strictly below the asked one that holds the name', () => {
    const { referral } = scrubbed('www.a.test.', 'test.', {
      authority: 'a.test. NS ns.a.test.\na.test. NS ns.example.\na.test. DS 1 13 2 00',
      additional: 'ns.a.test. A 192.0.2.1\nns.example. A 192.0.2.2\nother.a.test. A 192.0.2.3',
    });
    expect(referral && names([referral.ns, referral.ds!])).toEqual(['a.test. NS', 'a.test. DS']);
    expect(names(referral!.glue)).toEqual(['ns.a.test. A']);
    expect(names(referral!.spare)).toEqual(['ns.example. A']);
  });

  it('yields no referral beside an answer, whatever zone it names', () => {
    const result = scrubbed('www.a.test.', 'test.', {
      answer: 'www.a.test. A 192.0.2.1',
      authority: 'a.test. NS ns.a.test.',
      additional: 'ns.a.test. A 203.0.113.66',
    });
    expect(result.referral).toBeUndefined();
  });

  it('the DS of another name does not come along', () => {
    const { referral } = scrubbed('www.a.test.', 'test.', {
      authority: 'a.test. NS ns.a.test.\nb.test. DS 1 13 2 00',
    });
    expect(referral?.ds).toBeUndefined();
  });

  it('sees a referral to its own zone or above as that', () => {
    for (const authority of ['test. NS ns.test.', '. NS a.root.']) {
      const result = scrubbed('www.test.', 'test.', { authority });
      expect(result.referral).toBeUndefined();
      expect(result.upwardNs).toBeDefined();
    }
  });

  it('takes 20 name servers and 6 addresses of each', () => {
    const ns = Array.from({ length: 25 }, (_, i) => `a.test. NS n${i}.a.test.`).join('\n');
    const glue = Array.from(
      { length: 9 },
      (_, i) => `n0.a.test. A 192.0.2.${i}\nn24.a.test. A 192.0.2.${i}`,
    ).join('\n');
    const { referral } = scrubbed('x.a.test.', 'test.', { authority: ns, additional: glue });
    expect(referral!.ns.rdatas).toHaveLength(20);
    expect(names(referral!.glue)).toEqual(['n0.a.test. A']);
    expect(referral!.glue[0]!.rdatas).toHaveLength(6);
  });

  it('takes the SOA of a zone that holds the name, inside the asked one', () => {
    const soa = (apex: string) => `${apex} SOA ns.test. h.test. 1 2 3 4 5`;
    expect(scrubbed('a.b.test.', 'test.', { authority: soa('b.test.') }).soa).toBeDefined();
    expect(scrubbed('a.b.test.', 'test.', { authority: soa('c.test.') }).soa).toBeUndefined();
    expect(scrubbed('a.b.test.', 'test.', { authority: soa('.') }).soa).toBeUndefined();
  });

  it('keeps NSEC and NSEC3 of the zone and drops those of others', () => {
    const result = scrubbed('a.test.', 'test.', {
      authority: 'a.test. NSEC b.test. A\nexample. NSEC a.example. A',
    });
    expect(names(result.denial)).toEqual(['a.test. NSEC']);
  });
});

describe('scrub', () => {
  it('never lets through a name that the server may not speak for, but addresses of its delegation', () => {
    const owner = fc.constantFrom('test.', 'a.test.', 'b.a.test.', 'example.', '.', 'www.example.', 'xtest.');
    const record = fc
      .tuple(
        owner,
        fc.constantFrom(
          'A 192.0.2.1',
          'NS ns.evil.example.',
          'CNAME www.example.',
          'DNAME example.',
          'SOA a. b. 1 2 3 4 5',
          'DS 1 13 2 00',
          'NSEC z. A',
        ),
        fc.integer({ min: 0, max: 2 }),
      )
      .map(([name, data, section]) => ({ line: `${name} ${data}`, section }));
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), owner, (records, qname) => {
        const section = (n: number) =>
          records
            .filter((r) => r.section === n)
            .map((r) => r.line)
            .join('\n');
        const asked = parseName('test.');
        if (!isSubdomain(parseName(qname), asked)) return;
        const question = asking(qname);
        const message = responseTo(question, {
          answer: section(0),
          authority: section(1),
          additional: section(2),
        });
        const result = scrub(message, question, asked);
        const kept = [
          ...result.final,
          ...result.denial,
          ...result.steps.flatMap((s) => s.rrsets),
          ...(result.soa ? [result.soa] : []),
          ...(result.referral ? [result.referral.ns, ...result.referral.glue] : []),
        ];
        for (const rrset of kept) expect(isSubdomain(rrset.name, asked)).toBe(true);
        if (result.referral) expect(result.referral.child).not.toBe(asked);
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});

describe('dnameStep', () => {
  it('keeps the TTL of the DNAME for the CNAME it makes (RFC 6672 3.1)', () => {
    const dname = onlyRrset('old.test. 77 DNAME new.example.');
    const step = dnameStep(dname, parseName('x.y.old.test.'));
    expect('target' in step && formatName(step.target)).toBe('x.y.new.example.');
    expect('rrsets' in step && step.rrsets.map((r) => [r.type, r.ttlSec])).toEqual([
      [RRType.DNAME, 77],
      [RRType.CNAME, 77],
    ]);
  });

  it('says when the name gets too long', () => {
    const label = 'x'.repeat(63);
    const dname = rrsetsOf(`o. DNAME ${label}.${label}.${label}.`)[0]!;
    expect(dnameStep(dname, parseName(`${label}.o.`))).toEqual({ tooLong: dname });
    expect(dnameStep(dname, parseName(`${'x'.repeat(60)}.o.`))).toHaveProperty('target');
  });
});
