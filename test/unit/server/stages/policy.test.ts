import { describe, expect, it } from 'vitest';
import { parseName } from '../../../../src/dns/name.js';
import { Rcode, RRType } from '../../../../src/dns/registry.js';
import { hostsTable } from '../../../../src/policy/hosts.js';
import { Policy } from '../../../../src/policy/policy.js';
import { responsePolicyZone } from '../../../../src/policy/rpz.js';
import { type BlockAction, blockList } from '../../../../src/policy/rules.js';
import { edesOf } from '../../../../src/wire/options.js';
import { parseZoneText } from '../../../../src/zone/parse.js';
import { answerOf, edns, Harness, query, resolutionOf, rrset } from '../../../support/server-harness.js';

function blocking(action: BlockAction): Harness {
  const policy = new Policy({ lists: [blockList('ads.txt', 'ads.example\n', 'domains', action)] });
  return new Harness(undefined, { policy });
}

const asked = (name: string, type: number = RRType.A) => query(name, type, { edns: edns() });

describe('a blocked name', () => {
  it.each([
    ['nxdomain', Rcode.NXDOMAIN, 0, 1],
    ['nodata', Rcode.NOERROR, 0, 1],
    ['refused', Rcode.REFUSED, 0, 0],
    ['null-address', Rcode.NOERROR, 1, 0],
  ] as const)('is answered by %s, with the list and the rule named', async (action, rcode, answers, soas) => {
    const h = blocking(action);
    const response = await h.ask(asked('x.ads.example.'));
    expect(response).toMatchObject({ rcode });
    expect([response!.answer.length, response!.authority.length]).toEqual([answers, soas]);
    expect(edesOf(response!.edns)).toEqual([{ code: 15, text: 'list ads.txt, rule ads.example.' }]);
    expect(h.resolver.asked).toEqual([]);
    expect(h.stubCache.stats().entries).toBe(0);
  });

  it('tells the client what the file of the list is called, and not where it is', async () => {
    const lists = [blockList('/srv/lists/ads.txt', 'ads.example\n', 'domains', 'nxdomain')];
    const response = await new Harness(undefined, { policy: new Policy({ lists }) }).ask(
      asked('ads.example.'),
    );
    expect(edesOf(response!.edns)).toEqual([{ code: 15, text: 'list ads.txt, rule ads.example.' }]);
  });

  it('may be met with silence, which is counted', async () => {
    const h = blocking('drop');
    expect(await h.ask(asked('ads.example.'))).toBeUndefined();
    expect(h.recorder.drops).toEqual(['policy']);
  });

  it('does not stop names beside it', async () => {
    const h = blocking('nxdomain');
    expect((await h.ask(asked('bads.example.')))?.rcode).toBe(Rcode.NOERROR);
    expect(h.resolver.asked).toHaveLength(1);
  });
});

it('an alias of the operator is followed, and no cache keeps what it led to', async () => {
  const zone = '$ORIGIN rpz.test.\n@ 60 SOA ns h 1 2 3 4 5\nwww.example 60 CNAME garden.example.\n';
  const { records } = parseZoneText(zone);
  const policy = new Policy({ lists: [responsePolicyZone('rpz', parseName('rpz.test.'), records)] });
  const found = rrset('garden.example.', RRType.A, ['\xc0\0\x02\x09']);
  const later = { keepUntilMs: Number.MAX_SAFE_INTEGER };
  const h = new Harness(() => resolutionOf(answerOf([found], { security: 'secure' }), later), { policy });
  const response = await h.ask(asked('www.example.'));
  expect(h.resolver.asked.map((q) => q.name)).toEqual([parseName('garden.example.')]);
  expect(response!.answer.map((r) => r.type)).toEqual([RRType.CNAME, RRType.A]);
  expect(response!.ad).toBe(false);
  expect(h.stubCache.stats().entries).toBe(0);
});

it('a hosts file answers before the resolver', async () => {
  const h = new Harness(undefined, {
    policy: new Policy({ lists: [], hosts: hostsTable('192.0.2.7 nas.lan') }),
  });
  expect((await h.ask(asked('nas.lan.')))?.answer[0]?.rdatas).toEqual(['\xc0\0\x02\x07']);
  const other = await h.ask(asked('nas.lan.', RRType.AAAA));
  expect([other!.rcode, other!.answer.length, other!.authority.length]).toEqual([0, 0, 1]);
  expect(h.resolver.asked).toEqual([]);
});

it('a local zone answers before the resolver, and what it does not hold is resolved', async () => {
  const inZone = parseName('www.lan.');
  const answer = [rrset('www.lan.', RRType.A, ['\xc0\0\x02\x08'])];
  const h = new Harness(undefined, {
    localData: ({ name }) => (name === inZone ? { rcode: 0, answer, authority: [] } : undefined),
  });
  expect(await h.ask(asked('www.lan.'))).toMatchObject({
    aa: true,
    answer: [{ rdatas: ['\xc0\0\x02\x08'] }],
  });
  await h.ask(asked('www.example.'));
  expect(h.resolver.asked).toHaveLength(1);
});

it('a public name that leads inside gets no answer, and no cache keeps one', async () => {
  const inside = answerOf([rrset('evil.example.', RRType.A, ['\x0a\0\0\x01'])]);
  const later = { keepUntilMs: Number.MAX_SAFE_INTEGER };
  const policy = new Policy({ lists: [], rebindingAllowed: [] });
  const h = new Harness(() => resolutionOf(inside, later), { policy });
  const response = await h.ask(asked('evil.example.'));
  expect(response).toMatchObject({ rcode: 0, answer: [] });
  expect(edesOf(response!.edns).map((e) => e.code)).toEqual([17]);
  expect(h.stubCache.stats().entries).toBe(0);
});
