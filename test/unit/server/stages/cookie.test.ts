import { describe, expect, it } from 'vitest';
import { EdnsOption, Opcode, Rcode, RRType } from '../../../../src/dns/registry.js';
import { ServerCookies } from '../../../../src/server/cookies.js';
import { encodeMessage } from '../../../../src/wire/encode.js';
import type { Message } from '../../../../src/wire/message.js';
import { findOption } from '../../../../src/wire/options.js';
import { client, edeOf, edns, Harness, query, udpClient } from '../../../support/server-harness.js';

const CLIENT = 'clientCK';
const settings = { cookies: new ServerCookies([Buffer.alloc(16, 7)]) };
const withCookie = (data: string, more: Partial<Message> = {}) =>
  query('www.example.', RRType.A, {
    edns: edns({ options: [{ code: EdnsOption.COOKIE, data }] }),
    ...more,
  });
const cookieIn = (message: Message | undefined) => findOption(message?.edns, EdnsOption.COOKIE)?.data;

describe('a client with a cookie', () => {
  it('gets its own part and a server cookie back, by UDP and by TCP, from the cache and without', async () => {
    const h = new Harness(undefined, settings);
    for (const transport of ['udp', 'tcp', 'udp'] as const) {
      const response = await h.ask(withCookie(CLIENT), client('192.0.2.10', transport));
      expect(response?.answer).toHaveLength(1);
      expect(cookieIn(response)?.slice(0, 8)).toBe(CLIENT);
      expect(cookieIn(response)).toHaveLength(24);
    }
  });

  it('gets the same again when it sends it back, and a new one when it sends another', async () => {
    const h = new Harness(undefined, settings);
    const given = cookieIn(await h.ask(withCookie(CLIENT)))!;
    expect(cookieIn(await h.ask(withCookie(given)))).toBe(given);
    expect(cookieIn(await h.ask(withCookie(`${CLIENT}${'x'.repeat(16)}`)))).toBe(given);
  });

  it('gets it with an error as well', async () => {
    const h = new Harness(undefined, settings);
    const response = await h.ask({
      ...withCookie(CLIENT),
      questions: [{ ...query().questions[0]!, class: 4 }],
    });
    expect(response?.rcode).toBe(Rcode.REFUSED);
    expect(cookieIn(response)).toHaveLength(24);
  });

  it('gets none back where cookies are off, or for another opcode', async () => {
    expect(cookieIn(await new Harness().ask(withCookie(CLIENT)))).toBeUndefined();
    const notify = await new Harness(undefined, settings).ask(withCookie(CLIENT, { opcode: Opcode.NOTIFY }));
    expect(notify?.rcode).toBe(Rcode.NOTIMP);
    expect(cookieIn(notify)).toBeUndefined();
  });

  it.each([0, 1, 7, 9, 15, 41, 400])('of %i octets is told FORMERR', async (length) => {
    const response = await new Harness(undefined, settings).ask(withCookie('c'.repeat(length)));
    expect(response?.rcode).toBe(Rcode.FORMERR);
    expect(edeOf(response)).toEqual(['0 a DNS cookie has 8, or 16 to 40 octets']);
  });
});

describe('a query without question (RFC 7873 5.4)', () => {
  const ask = (data: string, h = new Harness(undefined, settings)) =>
    h.ask(withCookie(data, { questions: [] }));

  it('fetches a cookie', async () => {
    const response = await ask(CLIENT);
    expect(response).toMatchObject({ rcode: Rcode.NOERROR, questions: [], answer: [] });
    expect(cookieIn(response)).toHaveLength(24);
  });

  it('learns whether its cookie is one of ours', async () => {
    const h = new Harness(undefined, settings);
    const given = cookieIn(await ask(CLIENT, h))!;
    expect((await ask(given, h))?.rcode).toBe(Rcode.NOERROR);
    const response = await ask(`${CLIENT}${'x'.repeat(16)}`, h);
    expect(response?.rcode).toBe(Rcode.BADCOOKIE);
    expect(cookieIn(response)).toBe(given);
  });

  it('is malformed without a cookie', async () => {
    const h = new Harness(undefined, settings);
    expect((await h.ask(query('.', 1, { questions: [], edns: edns() })))?.rcode).toBe(Rcode.FORMERR);
  });
});

describe('a client that has proven its address', () => {
  const flood = (h: Harness, data: string) => {
    for (let i = 0; i < 5; i++) {
      const more = { questions: query(`n${i}.example.`).questions };
      h.pipeline.handle(encodeMessage(withCookie(data, more)), udpClient, () => {});
    }
    return h.inFlight.count;
  };

  it('may have as many queries in flight as there are places, and others may not', async () => {
    const limited = { ...settings, inFlight: { perClient: 2, total: 4 } };
    const idle = new Harness(undefined, limited);
    const given = cookieIn(await idle.ask(withCookie(CLIENT)))!;
    const never = () => new Promise<never>(() => {});
    expect(flood(new Harness(never, limited), given)).toBe(4);
    expect(flood(new Harness(never, limited), CLIENT)).toBe(2);
    expect(flood(new Harness(never, limited), `${CLIENT}${'x'.repeat(16)}`)).toBe(2);
  });
});
