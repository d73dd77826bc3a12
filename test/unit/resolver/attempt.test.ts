import { describe, expect, it } from 'vitest';
import { ServerState } from '../../../src/cache/server-state.js';
import { parseName } from '../../../src/dns/name.js';
import { EdnsOption, Rcode } from '../../../src/dns/registry.js';
import {
  byTcp,
  firstAttempt,
  insteadOfTcp,
  noteResponse,
  queryOf,
  withoutEdns,
} from '../../../src/resolver/attempt.js';
import { seededRandom } from '../../../src/runtime/random.js';
import type { Message } from '../../../src/wire/message.js';
import { asking, responseTo } from '../../support/responses.js';

const server = { address: '192.0.2.1', port: 53, name: undefined };
const state = () => new ServerState(server.address, 0);
const random = seededRandom(1);
/** The first attempt at a server of which this is known. */
const first = (known: ServerState, cookies = false) =>
  firstAttempt(server, known, { caseRandomization: true, cookies }, random);
const zone = { zone: parseName('test.'), source: 'referral' } as const;
const forwarded = { ...zone, source: 'forward' } as const;

/** A response with these cookies in its OPT; without OPT when undefined. */
function respond(cookies?: readonly string[], rcode = 0): Message {
  const options = cookies?.map((data) => ({ code: EdnsOption.COOKIE, data }));
  const edns = options && { version: 0, udpSize: 1232, do: false, options };
  return { ...responseTo(asking('www.test.'), {}), rcode, edns };
}

describe('attempts', () => {
  it('start with UDP, EDNS and random case', () => {
    expect(first(state())).toMatchObject({
      transport: 'udp',
      edns: true,
      randomCase: true,
    });
    expect(
      firstAttempt(server, state(), { caseRandomization: false, cookies: false }, random).randomCase,
    ).toBe(false);
  });

  it('heed what is known of the server', () => {
    const broken = state();
    broken.caseBroken = true;
    broken.ednsOk = 'no';
    expect(first(broken)).toMatchObject({ edns: false, randomCase: false });
  });

  it('go to TCP once, where the case need not be random', () => {
    const tcp = byTcp(first(state()))!;
    expect(tcp).toMatchObject({ transport: 'tcp', randomCase: false, edns: true });
    expect(byTcp(tcp)).toBeUndefined();
  });

  it('come back from TCP only when it was for the case or the cookie', () => {
    const known = state();
    const begun = first(known, true);
    expect(insteadOfTcp(begun)).toBeUndefined();
    expect(insteadOfTcp(byTcp(begun)!)).toBeUndefined();
    const back = insteadOfTcp(byTcp(begun, 'case')!)!;
    expect(back).toMatchObject({ transport: 'udp', randomCase: false, cookie: begun.cookie });
    expect(insteadOfTcp(byTcp(back)!)).toBeUndefined();
    expect(known.cookieBroken).toBe(false);
    const bare = insteadOfTcp(byTcp(begun, 'cookie')!)!;
    expect(bare).toMatchObject({ transport: 'udp', edns: true });
    expect(bare.cookie).toBeUndefined();
    expect(first(known, true).cookie).toBeUndefined();
  });

  it('go without EDNS once, and then without cookie', () => {
    const plain = withoutEdns(first(state(), true))!;
    expect(plain).toMatchObject({ edns: false, cookie: undefined });
    expect(withoutEdns(plain)).toBeUndefined();
  });

  it('become packets: DO when validating, RD and CD towards forwarders only', () => {
    const begun = first(state());
    const question = asking('www.test.');
    expect(queryOf(begun, question, 400, zone, true)).toMatchObject({
      rd: false,
      cd: false,
      edns: { udpSize: 1232, do: true },
      timeoutMs: 400,
    });
    expect(queryOf(begun, question, 400, forwarded, true)).toMatchObject({
      rd: true,
      cd: true,
    });
    expect(queryOf(begun, question, 400, forwarded, false)).toMatchObject({
      rd: true,
      cd: false,
      edns: { do: false },
    });
    expect(queryOf(withoutEdns(begun)!, question, 400, zone, true).edns).toBeUndefined();
  });
});

describe('what responses say about EDNS', () => {
  it('is believed to be nothing after two without it', () => {
    const known = state();
    const plain = withoutEdns(first(known))!;
    noteResponse(plain, respond());
    expect(known.ednsOk).toBe('unknown');
    noteResponse(plain, respond());
    expect(known.ednsOk).toBe('no');
  });

  it('is counted anew after a response with OPT in between', () => {
    const known = state();
    const begun = first(known);
    noteResponse(withoutEdns(begun)!, respond());
    noteResponse(begun, respond([]));
    expect(known.ednsOk).toBe('yes');
    noteResponse(withoutEdns(begun)!, respond());
    expect(known.ednsOk).toBe('yes');
  });
});

describe('cookies', () => {
  const SERVER = 'server-cookie-16';

  it('are drawn once for each server, and differ', () => {
    const known = state();
    expect(first(known, true).cookie).toHaveLength(8);
    expect(first(known, true).cookie).toBe(first(known, true).cookie);
    expect(first(state(), true).cookie).not.toBe(first(known, true).cookie);
    expect(first(known).cookie).toBeUndefined();
  });

  it('have the part of the server from its last response on', () => {
    const known = state();
    const begun = first(known, true);
    expect(noteResponse(begun, respond([begun.cookie + SERVER]))).toBeUndefined();
    expect(first(known, true).cookie).toBe(begun.cookie + SERVER);
    noteResponse(first(known, true), respond([]));
    expect(first(known, true).cookie).toBe(begun.cookie);
  });

  it('are sent anew after BADCOOKIE, and by TCP after another', () => {
    const known = state();
    const begun = first(known, true);
    const bad = respond([begun.cookie + SERVER], Rcode.BADCOOKIE);
    const second = noteResponse(begun, bad)!;
    expect(second).toMatchObject({ transport: 'udp', cookie: begun.cookie + SERVER });
    const third = noteResponse(second, bad)!;
    expect(third.transport).toBe('tcp');
    expect(noteResponse(third, bad)).toBeUndefined();
  });

  it('are left away after FORMERR with OPT, for 15 minutes', () => {
    const known = state();
    known.forgetWeakness(1);
    const again = noteResponse(first(known, true), respond([], Rcode.FORMERR));
    expect(again).toMatchObject({ transport: 'udp', edns: true, cookie: undefined });
    expect(first(known, true).cookie).toBeUndefined();
    known.forgetWeakness(2);
    known.forgetWeakness(900_001);
    expect(first(known, true).cookie).toBeUndefined();
    known.forgetWeakness(900_002);
    expect(first(known, true).cookie).toBeDefined();
  });

  it('are not blamed for FORMERR without OPT', () => {
    const known = state();
    expect(noteResponse(first(known, true), respond(undefined, Rcode.FORMERR))).toBeUndefined();
  });
});
