/**
 * Stage between the rate limit and the screen: DNS cookies of clients.
 *
 * Nobody must have one. Who sends one gets a good one back, and who sends back a good one has proven its address: then
 * it may have as many queries in flight as this server has places, since a forger cannot make it a victim.
 * A query without question but with a cookie only fetches a cookie (RFC 7873 5.4), or learns by BADCOOKIE that its
 * server cookie is none of ours. A cookie of impossible length is FORMERR (RFC 7873 5.2.2).
 */
import { Ede, EdnsOption, Opcode, Rcode } from '../../dns/registry.js';
import type { Clock } from '../../runtime/clock.js';
import { decodeCookie, findOption } from '../../wire/options.js';
import { type Exchange, ede, type Stage, type Verdict } from '../exchange.js';

const QDCOUNT_AT = 4;
const BAD_LENGTH = ede(Ede.OTHER, 'a DNS cookie has 8, or 16 to 40 octets');

export class CookieStage implements Stage {
  readonly name = 'cookie';

  constructor(private readonly clock: Pick<Clock, 'wallMs'>) {}

  run(exchange: Exchange): Verdict {
    const { settings, client } = exchange;
    const { edns, opcode } = exchange.query!;
    if (!settings.cookies || !edns || edns.options.length === 0 || edns.version !== 0) return 'next';
    const option = findOption(edns, EdnsOption.COOKIE);
    if (!option || opcode !== Opcode.QUERY) return 'next';
    const cookie = decodeCookie(option);
    if (!cookie) return exchange.fail(Rcode.FORMERR, BAD_LENGTH);
    const nowSec = Math.floor(this.clock.wallMs() / 1000);
    const { isGenuine, given } = settings.cookies.settle(cookie, client.address, nowSec);
    exchange.isProven = isGenuine;
    exchange.cookie = given;
    if (exchange.packet.readUInt16BE(QDCOUNT_AT) > 0) return 'next';
    const isWrong = cookie.server !== '' && !isGenuine;
    return exchange.answer({ rcode: isWrong ? Rcode.BADCOOKIE : Rcode.NOERROR, lookupClass: 'local' });
  }
}
