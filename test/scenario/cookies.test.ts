/** DNS cookies towards servers: RFC 7873 5.3, on packets of a mock internet. */
import { describe, expect, it } from 'vitest';
import { EdnsOption, Rcode } from '../../src/dns/registry.js';
import { decodeMessage } from '../../src/wire/decode.js';
import { encodeMessage } from '../../src/wire/encode.js';
import type { Message } from '../../src/wire/message.js';
import { findOption } from '../../src/wire/options.js';
import type { Tamper, TamperedExchange } from '../support/scenario-net.js';
import { world, zone } from '../support/world.js';

const SERVER = 'sixteen-octets!!';
const zones = [
  zone('.', '192.0.2.1', 'test. NS ns.test.\nns.test. A 192.0.2.2'),
  zone('test.', '192.0.2.2', Array.from({ length: 20 }, (_, i) => `n${i} A 198.51.100.${i}`).join('\n')),
];

function read(packet: Buffer): Message {
  const decoded = decodeMessage(packet);
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.message;
}

const cookieOf = (packet: Buffer) => findOption(read(packet).edns, EdnsOption.COOKIE)?.data;

/** The packet with this cookie; without any when undefined. */
function withCookie(packet: Buffer, data: string | undefined, more: Partial<Message> = {}): Buffer {
  const message = read(packet);
  const options = data === undefined ? [] : [{ code: EdnsOption.COOKIE, data }];
  const edns = message.edns && { ...message.edns, options };
  return encodeMessage({ ...message, edns, ...more });
}

/** What the server of test. sends, in the place of an answer without cookie. */
type Serving = (packet: Buffer, about: TamperedExchange, cookie: string | undefined) => readonly Buffer[];

const honest: Serving = (packet, _about, cookie) => [
  withCookie(packet, cookie && cookie.slice(0, 8) + SERVER),
];

function cookieWorld(first: Serving, config = 'dnssec: { mode: off }') {
  const sent: string[] = [];
  let serving = first;
  const tamper: Tamper = (packet, about) => {
    if (about.address !== '192.0.2.2') return [packet];
    const cookie = cookieOf(about.query);
    sent.push(`${about.transport} ${cookie === undefined ? 'none' : cookie.length}`);
    return serving(packet, about, cookie);
  };
  const net = world(zones, { config, tamper });
  return {
    net,
    sent,
    serve: (next: Serving) => {
      serving = next;
    },
  };
}

describe('a server with cookies', () => {
  it('is sent its own back from the second query on', async () => {
    const { net, sent } = cookieWorld(honest);
    for (let i = 0; i < 3; i++) expect(await net.say(`n${i}.test.`)).toBe(`198.51.100.${i}`);
    expect(sent).toEqual(['udp 8', 'udp 24', 'udp 24']);
  });

  it('gets another cookie than other servers, with another one after 15 idle minutes', async () => {
    const seen: string[] = [];
    const tamper: Tamper = (packet, { query }) => {
      seen.push(cookieOf(query)!.slice(0, 8));
      return [packet];
    };
    const net = world(zones, { tamper });
    await net.say('n0.test.');
    await net.say('n1.test.');
    await net.clock.advance(901_000);
    await net.say('n2.test.');
    // Priming goes without.
    const [root, first, second, later] = seen.filter((cookie) => cookie !== undefined);
    expect(root).not.toBe(first);
    expect(second).toBe(first);
    expect(later).not.toBe(first);
  });

  it('is not believed without it: a forged response with all else right changes nothing', async () => {
    const { net, sent, serve } = cookieWorld(honest);
    await net.say('n0.test.');
    serve((packet, { transport }, cookie) => {
      if (transport === 'tcp') return honest(packet, { transport } as TamperedExchange, cookie);
      const forged = { ...read(packet).answer[0]!, rdatas: ['\xcb\0\x71\x42'] } as Message['answer'][number];
      return [withCookie(packet, undefined, { answer: [forged] })];
    });
    expect(await net.say('n1.test.')).toBe('198.51.100.1');
    expect(sent).toEqual(['udp 8', 'udp 24', 'tcp 24']);
    // The next one trusts UDP again, since TCP brought the cookie.
    serve(honest);
    expect(await net.say('n2.test.')).toBe('198.51.100.2');
    expect(sent.at(-1)).toBe('udp 24');
  });

  it('does not end the wait by a response that holds a cookie of somebody else', async () => {
    const { net, sent, serve } = cookieWorld(honest);
    await net.say('n0.test.');
    serve((packet, about, cookie) => [
      withCookie(packet, `${'x'.repeat(8)}${SERVER}`, { rcode: Rcode.NXDOMAIN, answer: [] }),
      ...honest(packet, about, cookie),
    ]);
    expect(await net.say('n1.test.')).toBe('198.51.100.1');
    expect(sent).toEqual(['udp 8', 'udp 24']);
  });

  it('is asked again with the new one after BADCOOKIE, and by TCP after two', async () => {
    const { net, sent, serve } = cookieWorld((packet, about, cookie) =>
      cookie?.length === 8
        ? [withCookie(packet, cookie + SERVER, { rcode: Rcode.BADCOOKIE, answer: [] })]
        : honest(packet, about, cookie),
    );
    expect(await net.say('n0.test.')).toBe('198.51.100.0');
    expect(sent).toEqual(['udp 8', 'udp 24']);
    serve((packet, { transport }, cookie) =>
      transport === 'udp'
        ? [withCookie(packet, cookie!.slice(0, 8) + SERVER, { rcode: Rcode.BADCOOKIE, answer: [] })]
        : [packet],
    );
    expect(await net.say('n1.test.')).toBe('198.51.100.1');
    expect(sent.slice(2)).toEqual(['udp 24', 'udp 24', 'tcp 24']);
  });

  it('that refuses every cookie fails in a bounded number of queries', async () => {
    const { net, sent } = cookieWorld((packet, _about, cookie) => [
      withCookie(packet, cookie && cookie.slice(0, 8) + SERVER, { rcode: Rcode.BADCOOKIE, answer: [] }),
    ]);
    expect(await net.say('n0.test.')).toMatch(/^failure/);
    expect(sent.length).toBeLessThanOrEqual(6);
  });
});

describe('servers that do cookies badly', () => {
  const sometimes = (tcp: boolean): Serving => {
    let count = 0;
    return (packet, about, cookie) => {
      if (about.transport === 'tcp' && !tcp) return [];
      return count++ % 2 === 0 ? honest(packet, about, cookie) : [packet];
    };
  };

  it('one of two minds is asked by TCP once, and then without cookies', async () => {
    let sends = true;
    const { net, sent } = cookieWorld((packet, about, cookie) =>
      sends ? honest(packet, about, cookie) : [packet],
    );
    await net.say('n0.test.');
    sends = false;
    for (let i = 1; i < 4; i++) expect(await net.say(`n${i}.test.`)).toBe(`198.51.100.${i}`);
    expect(sent).toEqual(['udp 8', 'udp 24', 'tcp 24', 'udp none', 'udp none']);
  });

  it('one of two minds that takes no TCP still answers', async () => {
    const { net, sent } = cookieWorld(sometimes(false));
    for (let i = 0; i < 4; i++) expect(await net.say(`n${i}.test.`)).toBe(`198.51.100.${i}`);
    expect(sent.slice(0, 3)).toEqual(['udp 8', 'udp 24', 'tcp 24']);
    expect(sent.at(-1)).toBe('udp none');
  });

  it('one that cannot parse the option is asked without, and keeps EDNS', async () => {
    const { net, sent } = cookieWorld((packet, _about, cookie) =>
      cookie === undefined ? [packet] : [withCookie(packet, undefined, { rcode: Rcode.FORMERR, answer: [] })],
    );
    expect(await net.say('n0.test.')).toBe('198.51.100.0');
    expect(await net.say('n1.test.')).toBe('198.51.100.1');
    expect(sent).toEqual(['udp 8', 'udp none', 'udp none']);
    expect(net.work.every((query) => query.edns)).toBe(true);
  });
});

it('no cookies are sent when they are switched off', async () => {
  const { net, sent } = cookieWorld(honest, 'dnssec: { mode: off }\nupstream: { cookies: false }');
  await net.say('n0.test.');
  await net.say('n1.test.');
  expect(sent).toEqual(['udp none', 'udp none']);
});
