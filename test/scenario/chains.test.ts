import { describe, expect, it } from 'vitest';
import { edeOf } from '../support/scenario-net.js';
import { reply, world, zone } from '../support/world.js';

const root = zone(
  '.',
  '192.0.2.1',
  `test. NS ns.test.
   ns.test. A 192.0.2.2
   example. NS ns.example.
   ns.example. A 192.0.2.3`,
);

describe('aliases', () => {
  it('follows a CNAME into another zone and shows both records', async () => {
    const net = world([
      root,
      zone('test.', '192.0.2.2', 'www CNAME web.example.'),
      zone('example.', '192.0.2.3', 'web A 198.51.100.7'),
    ]);
    expect(await net.say('www.test.')).toBe('web.example., 198.51.100.7');
    expect(net.asked).toContain('web.example. A');
  });

  it('takes what lies in the same zone from the same response', async () => {
    const net = world([root, zone('test.', '192.0.2.2', 'www CNAME web\nweb CNAME srv\nsrv A 198.51.100.7')]);
    expect(await net.say('www.test.')).toBe('web.test., srv.test., 198.51.100.7');
    expect(net.asked.filter((q) => q.startsWith('web') || q.startsWith('srv'))).toEqual([]);
  });

  it('ends a loop with its reason and asks nothing the second time', async () => {
    const net = world([
      root,
      zone('test.', '192.0.2.2', 'a CNAME b.example.'),
      zone('example.', '192.0.2.3', 'b CNAME a.test.'),
    ]);
    expect(await net.say('a.test.')).toBe('failure: loop');
    net.resetQueries();
    expect(await net.say('a.test.')).toBe('failure: loop');
    expect(net.work).toEqual([]);
  });

  it('ends a CNAME that points to itself', async () => {
    const net = world([root, zone('test.', '192.0.2.2', 'a CNAME a')]);
    expect(await net.say('a.test.')).toBe('failure: loop');
    expect(net.work.length).toBeLessThan(6);
  });

  it('follows 11 aliases and not 12, and names the limit', async () => {
    const links = Array.from(
      { length: 13 },
      (_, i) => `c${i} CNAME c${i + 1}.${i % 2 ? 'test' : 'example'}.`,
    );
    const pick = (odd: number) => links.filter((_, i) => i % 2 === odd).join('\n');
    const net = world([
      root,
      zone('test.', '192.0.2.2', `${pick(0)}`),
      zone('example.', '192.0.2.3', `${pick(1)}\nc13 A 198.51.100.1`),
    ]);
    expect(await net.say('c2.test.')).toMatch(/198\.51\.100\.1$/);
    expect(await net.say('c0.test.')).toBe('failure: alias-too-long');
    expect(edeOf(await net.resolve('c0.test.'))[0]).toMatch(/11 aliases/);
  });

  it('answers a question for the CNAME itself without following it', async () => {
    const net = world([root, zone('test.', '192.0.2.2', 'www CNAME web.example.')]);
    expect(await net.say('www.test.', 'CNAME')).toBe('web.example.');
    expect(net.asked.some((q) => q.includes('example'))).toBe(false);
  });

  it('says NXDOMAIN of the target with the alias kept', async () => {
    const net = world([
      root,
      zone('test.', '192.0.2.2', 'www CNAME gone.example.'),
      zone('example.', '192.0.2.3'),
    ]);
    const { outcome } = await net.resolve('www.test.');
    expect(outcome.kind).toBe('nxdomain');
    expect(outcome.kind === 'nxdomain' && outcome.aliases).toHaveLength(1);
  });
});

describe('DNAME', () => {
  const dname = zone('test.', '192.0.2.2', 'old DNAME new.example.');
  const target = zone('example.', '192.0.2.3', 'a.new A 198.51.100.7\nb.new A 198.51.100.8');

  it('renames what is below it and synthesises the CNAME', async () => {
    const net = world([root, dname, target]);
    expect(await net.say('a.old.test.')).toBe('new.example., a.new.example., 198.51.100.7');
  });

  it('serves other names below it from the cache', async () => {
    const net = world([root, dname, target]);
    await net.say('a.old.test.');
    net.resetQueries();
    expect(await net.say('b.old.test.')).toBe('new.example., b.new.example., 198.51.100.8');
    expect(net.work.map((q) => q.to)).not.toContain('192.0.2.2');
  });

  it('does not rename its own name', async () => {
    const net = world([root, dname, target]);
    expect(await net.say('old.test.')).toBe('NODATA');
  });

  it('fails with name-too-long when the new name does not fit, and shows the DNAME', async () => {
    const label = 'x'.repeat(60);
    const net = world([root, zone('test.', '192.0.2.2', `old DNAME ${label}.${label}.example.`), target]);
    const { outcome } = await net.resolve(`${label}.${label}.${label}.old.test.`);
    expect(outcome).toMatchObject({ kind: 'failure', reason: 'name-too-long' });
    expect(outcome.kind === 'failure' && outcome.aliases).toHaveLength(1);
  });

  it('makes the CNAME itself and does not take the one a server sends', async () => {
    const net = world([root, dname, target], {
      forge: (query) =>
        query.endpoint.address === '192.0.2.2' && query.question.name.includes('a\x03old')
          ? reply(query, {
              answer: 'old.test. DNAME new.example.\na.old.test. CNAME evil.example.',
            })
          : undefined,
    });
    expect(await net.say('a.old.test.')).toBe('new.example., a.new.example., 198.51.100.7');
  });

  it('ends a DNAME that leads into itself', async () => {
    const net = world([root, zone('test.', '192.0.2.2', 'old DNAME x.old')]);
    const said = await net.say('a.old.test.');
    expect(said).toMatch(/^failure: /);
    expect(net.work.length).toBeLessThan(20);
  });
});
