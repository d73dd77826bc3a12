import { describe, expect, it } from 'vitest';
import { ServerCookies } from '../../../src/server/cookies.js';
import { decodeCookie } from '../../../src/wire/options.js';
import { hasSharedData, readShared } from '../../support/shared-data.js';

const octets = (hex: string) => Buffer.from(hex, 'hex').latin1Slice();
const hex = (text: string) => Buffer.from(text, 'latin1').toString('hex');
const cookieOf = (data: string) => decodeCookie({ code: 10, data: octets(data) })!;

interface Vector {
  readonly id: string;
  readonly secret: string;
  readonly client_cookie: string;
  readonly client_ip: string;
  readonly server_time_unix: number;
  readonly presented_cookie: string | null;
  readonly expected_reply_cookie: string;
}
const FILE = 'vectors/cookies-rfc9018.json';
const vectors: readonly Vector[] = hasSharedData(FILE) ? JSON.parse(readShared(FILE)).vectors : [];

describe.skipIf(vectors.length === 0)('RFC 9018 appendix A (needs the shared vectors)', () => {
  it.each(vectors.map((v) => [v.id, v] as const))('%s', (_id, v) => {
    const cookies = new ServerCookies([Buffer.from(v.secret, 'hex')]);
    const presented = cookieOf(v.presented_cookie ?? v.client_cookie);
    expect(hex(cookies.settle(presented, v.client_ip, v.server_time_unix).given)).toBe(
      v.expected_reply_cookie,
    );
  });
});

describe('a server cookie', () => {
  const secret = (fill: number) => Buffer.alloc(16, fill);
  const cookies = new ServerCookies([secret(1)]);
  const nowSec = 1_700_000_000;
  const client = cookieOf('0102030405060708');
  const given = cookieOf(hex(cookies.settle(client, '192.0.2.1', nowSec).given));

  it('is taken back from the client it was made for, for an hour', () => {
    expect(cookies.settle(given, '192.0.2.1', nowSec).isGenuine).toBe(true);
    expect(cookies.settle(given, '::ffff:192.0.2.1', nowSec).isGenuine).toBe(true);
    expect(cookies.settle(given, '192.0.2.1', nowSec + 3600).isGenuine).toBe(true);
    expect(cookies.settle(given, '192.0.2.1', nowSec + 3601).isGenuine).toBe(false);
  });

  it('may come from a server whose clock is five minutes ahead', () => {
    expect(cookies.settle(given, '192.0.2.1', nowSec - 300).isGenuine).toBe(true);
    expect(cookies.settle(given, '192.0.2.1', nowSec - 301).isGenuine).toBe(false);
    const own = cookies.settle(client, '192.0.2.1', nowSec - 1).given;
    expect(cookies.settle(given, '192.0.2.1', nowSec - 1).given).toBe(own);
  });

  it.each([
    ['another address', given, '192.0.2.2'],
    ['an address of the other family', given, '2001:db8::1'],
    ['another client cookie', { ...given, client: octets('0102030405060709') }, '192.0.2.1'],
    [
      'a later time',
      { ...given, server: `${given.server.slice(0, 7)}\xff${given.server.slice(8)}` },
      '192.0.2.1',
    ],
    ['another version', { ...given, server: `\x02${given.server.slice(1)}` }, '192.0.2.1'],
    ['another length', { ...given, server: given.server.slice(0, 12) }, '192.0.2.1'],
    ['none', client, '192.0.2.1'],
  ])('with %s is none of ours', (_what, cookie, address) => {
    expect(cookies.settle(cookie, address, nowSec).isGenuine).toBe(false);
  });

  it('stays the same for half an hour, and is then made anew', () => {
    expect(cookies.settle(given, '192.0.2.1', nowSec + 1800).given).toBe(given.client + given.server);
    expect(cookies.settle(given, '192.0.2.1', nowSec + 1801).given).not.toBe(given.client + given.server);
  });

  it('made with a former secret is accepted, and kept while it is fresh', () => {
    const later = new ServerCookies([secret(2), secret(1)]);
    expect(later.settle(given, '192.0.2.1', nowSec).isGenuine).toBe(true);
    expect(new ServerCookies([secret(2)]).settle(given, '192.0.2.1', nowSec).isGenuine).toBe(false);
  });

  it('is one for all scopes of a link-local address, and needs no address that can be read', () => {
    const local = cookieOf(hex(cookies.settle(client, 'fe80::1%eth0', nowSec).given));
    expect(cookies.settle(local, 'fe80::1%eth1', nowSec).isGenuine).toBe(true);
    expect(cookies.settle(client, '', nowSec).given).toHaveLength(24);
  });
});
