import { describe, expect, it } from 'vitest';
import { type Origin, packOrigin, unpackOrigin } from '../../../../src/cache/packed-store/origin-packing.js';
import { parseName } from '../../../../src/dns/name.js';

const owner = parseName('www.example.com.');

describe('packOrigin and unpackOrigin', () => {
  const origins: Record<string, Origin> = {
    'a server of the zone above': { server: '192.0.2.1', transport: 'udp', zone: parseName('example.com.') },
    'a server of the root': { server: '2001:db8::1', transport: 'tcp', zone: parseName('.') },
    'no server, and the owner itself as zone': { server: 'local', transport: 'none', zone: owner },
    'a zone elsewhere': { server: '192.0.2.1', transport: 'udp', zone: parseName('example.org.') },
    'all that can be said': {
      server: '192.0.2.1',
      serverName: parseName('ns1.example.net.'),
      transport: 'udp',
      zone: parseName('com.'),
      question: { name: parseName('alias.example.com.'), type: 65_280, class: 254 },
    },
  };
  for (const [title, origin] of Object.entries(origins)) {
    it(`gives back ${title}`, () => {
      expect(unpackOrigin(packOrigin(origin, owner), owner)).toEqual(origin);
    });
  }

  it('gives back the longest names', () => {
    const longest = parseName(`${`${'x'.repeat(63)}.`.repeat(3)}${'y'.repeat(61)}.`);
    const question = { name: longest, type: 1, class: 1 };
    const origin: Origin = {
      server: '192.0.2.1',
      serverName: longest,
      transport: 'udp',
      zone: longest,
      question,
    };
    expect(unpackOrigin(packOrigin(origin, owner), owner)).toEqual(origin);
  });

  it('takes names that are alike but not above each other', () => {
    const zone = parseName('\\003com.');
    const below = parseName('a\\003com.');
    const origin: Origin = { server: '192.0.2.1', transport: 'udp', zone };
    expect(unpackOrigin(packOrigin(origin, below), below)).toEqual(origin);
  });
});
