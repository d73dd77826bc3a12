/**
 * The server's side of DNS cookies: a MAC that only a client at its real address can send back.
 *
 * A client that asks with a cookie gets a server cookie; one that returns it has proven that it gets what is sent to
 * its address, so it is nobody's forged victim. The format is the interoperable one of RFC 9018 4, so several
 * servers with the same secret accept each other's cookies. No state is kept by client.
 * RFC 7873 5.2, RFC 9018 4 (times) and 5 (changing the secret).
 */
import type { Octets } from '../dns/name.js';
import { addressOctets, unmapped } from '../runtime/networks.js';
import { sipHash24 } from '../runtime/siphash.js';
import type { Cookie } from '../wire/options.js';

const SERVER_COOKIE_OCTETS = 16;
const VERSION = 1;
/** RFC 9018 4.3. */
const MAX_AGE_SEC = 3600;
const MAX_AHEAD_SEC = 300;
const RENEW_AFTER_SEC = 1800;
const HASH_AT = 8;

export class ServerCookies {
  /** @param secrets 16 octets each; the first makes cookies, all of them are accepted */
  constructor(private readonly secrets: readonly [Uint8Array, ...Uint8Array[]]) {}

  /** True when `cookie.server` was made here (or by a server with the same secret) for this client, not long ago. */
  isGenuine(cookie: Cookie, address: string, nowSec: number): boolean {
    const { client, server } = cookie;
    if (server.length !== SERVER_COOKIE_OCTETS || server.charCodeAt(0) !== VERSION) return false;
    const age = ageOf(server, nowSec);
    if (age > MAX_AGE_SEC || age < -MAX_AHEAD_SEC) return false;
    const head = server.slice(0, HASH_AT);
    return this.secrets.some((secret) => macOf(secret, client + head, address) === server.slice(HASH_AT));
  }

  /** The option's data for the response: the client's part, and a server cookie that is good for a while. */
  answer(cookie: Cookie, address: string, nowSec: number): Octets {
    const { client, server } = cookie;
    if (this.isGenuine(cookie, address, nowSec) && isFresh(server, nowSec)) return client + server;
    const head = Buffer.alloc(HASH_AT);
    head[0] = VERSION;
    head.writeUInt32BE(nowSec >>> 0, 4);
    const text = head.latin1Slice();
    return client + text + macOf(this.secrets[0], client + text, address);
  }
}

function isFresh(server: Octets, nowSec: number): boolean {
  const age = ageOf(server, nowSec);
  return age >= 0 && age <= RENEW_AFTER_SEC;
}

/** Seconds since it was made, in the serial arithmetic of 32 bits. */
function ageOf(server: Octets, nowSec: number): number {
  return (nowSec - Buffer.from(server.slice(4, HASH_AT), 'latin1').readUInt32BE()) | 0;
}

function macOf(secret: Uint8Array, octets: Octets, address: string): Octets {
  const ip = unmapped(addressOctets(address.replace(/%.*$/, '')) ?? new Uint8Array(0));
  const hash = sipHash24(secret, Buffer.concat([Buffer.from(octets, 'latin1'), ip]));
  return Buffer.from(hash).latin1Slice();
}
