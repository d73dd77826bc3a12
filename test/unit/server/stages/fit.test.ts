import { describe, expect, it } from 'vitest';
import { EdnsOption, Rcode, RRType } from '../../../../src/dns/registry.js';
import type { RRset } from '../../../../src/dns/rrset.js';
import type { ServerSettings } from '../../../../src/server/settings.js';
import type { ClientAddress } from '../../../../src/transport/listener.js';
import type { Edns } from '../../../../src/wire/message.js';
import {
  answerOf,
  decoded,
  edeOf,
  edns,
  fakeRrsig,
  Harness,
  query,
  resolutionOf,
  rrset,
  tcpClient,
  udpClient,
} from '../../../support/server-harness.js';

/** A TXT RRset of `count` records of 100 octets each. */
function texts(count: number, name = 'www.example.', more: Partial<RRset> = {}): RRset {
  const rdatas = Array.from({ length: count }, (_, i) => `\x57${String(i).padStart(87, '.')}`);
  return rrset(name, RRType.TXT, rdatas, more);
}

interface Case {
  rrsets: RRset[];
  edns?: Edns | undefined;
  from?: ClientAddress;
  settings?: Partial<ServerSettings>;
  ede?: { code: 0; text: string }[];
}

async function send({ rrsets, edns: opt, from = udpClient, settings = {}, ede }: Case): Promise<Buffer> {
  const h = new Harness(() => resolutionOf(answerOf(rrsets, { ede })), settings);
  return (await h.wire(query('www.example.', RRType.TXT, { edns: opt }), from))!;
}

describe('size of a UDP response', () => {
  // Header and question take 29 octets, a record 100, OPT 11.
  it.each([
    ['512 without EDNS', undefined, 4, 5],
    ['512 when the client says 0', 0, 4, 5],
    ['512 when the client says 511', 511, 4, 5],
    ['what the client says: 800', 800, 7, 8],
    ['our limit when the client says 4096', 4096, 11, 12],
    ['our limit when the client says 65535', 65_535, 11, 12],
  ])('is %s', async (_, udpSize, fits, tooMany) => {
    const opt = udpSize === undefined ? undefined : edns({ udpSize });
    expect(decoded(await send({ rrsets: [texts(fits)], edns: opt })).answer[0]?.rdatas).toHaveLength(fits);
    const cut = decoded(await send({ rrsets: [texts(tooMany)], edns: opt }));
    expect(cut).toMatchObject({ tc: true, rcode: Rcode.NOERROR, answer: [], edns: opt && { udpSize: 1232 } });
  });

  it('is our limit as the operator set it', async () => {
    const settings = { maxUdpOctets: 4096 };
    const response = decoded(await send({ rrsets: [texts(30)], edns: edns({ udpSize: 4000 }), settings }));
    expect(response).toMatchObject({ tc: false, edns: { udpSize: 4096 } });
  });

  it('is cut at whole RRsets, and TC is set', async () => {
    const rrsets = [texts(2, 'a.example.'), texts(2, 'b.example.'), texts(1, 'c.example.')];
    const wire = await send({ rrsets, edns: edns({ udpSize: 512 }) });
    expect(wire.length).toBeLessThanOrEqual(512);
    expect(decoded(wire)).toMatchObject({
      tc: true,
      answer: [{ name: rrsets[0]!.name }, { name: rrsets[1]!.name }],
    });
  });

  it('does not part an RRset from its signature', async () => {
    const signed = texts(3, 'www.example.', {
      signatures: [fakeRrsig(RRType.TXT, 'example.'), fakeRrsig(RRType.TXT, 'b.example.')],
    });
    const response = decoded(await send({ rrsets: [signed], edns: edns({ udpSize: 512, do: true }) }));
    expect(response).toMatchObject({ tc: true, answer: [] });
  });

  it('never goes over the limit, whatever the answer', async () => {
    for (let count = 1; count < 40; count++) {
      const udpSize = 512 + count * 20;
      const wire = await send({ rrsets: [texts(count)], edns: edns({ udpSize }) });
      expect(wire.length).toBeLessThanOrEqual(Math.min(udpSize, 1232));
    }
  });
});

describe('size of a TCP response', () => {
  it('is as large as it needs to be', async () => {
    const response = decoded(await send({ rrsets: [texts(600)], from: tcpClient }));
    expect(response).toMatchObject({ tc: false });
    expect(response.answer[0]?.rdatas).toHaveLength(600);
  });

  it('is at most 65,535 octets, with OPT in it', async () => {
    const wire = await send({
      rrsets: [texts(100, 'a.example.'), texts(700)],
      from: tcpClient,
      edns: edns(),
    });
    expect(wire.length).toBeLessThanOrEqual(65_535);
    expect(decoded(wire)).toMatchObject({ tc: true, edns: { udpSize: 1232 }, answer: [{}] });
  });

  it('leaves room for OPT when the answer alone would just fit', async () => {
    // The records alone take 65,535 octets, so that only OPT is too much.
    const filler = rrset('www.example.', RRType.NULL, ['x'.repeat(65_535 - 29 - 12 - 654 * 100)]);
    const exact = [texts(654), filler];
    expect((await send({ rrsets: exact, from: tcpClient })).length).toBe(65_535);
    const response = decoded(await send({ rrsets: exact, from: tcpClient, edns: edns() }));
    expect(response).toMatchObject({ tc: true, edns: {} });
  });
});

describe('Extended DNS Errors where room is short', () => {
  const ede = [
    { code: 0 as const, text: 'x'.repeat(60) },
    { code: 0 as const, text: 'y'.repeat(60) },
  ];

  it('are whole when they fit', async () => {
    const wire = await send({ rrsets: [texts(3)], edns: edns({ udpSize: 512 }), ede });
    expect(edeOf(decoded(wire))).toEqual([`0 ${'x'.repeat(60)}`, `0 ${'y'.repeat(60)}`]);
  });

  it('lose their texts before any data is cut', async () => {
    const response = decoded(await send({ rrsets: [texts(4)], edns: edns({ udpSize: 512 }), ede }));
    expect(response.tc).toBe(false);
    expect(edeOf(response)).toEqual(['0 ', '0 ']);
  });

  it('are eight at most, their texts 200 letters at most', async () => {
    const many = Array.from({ length: 20 }, () => ({ code: 0 as const, text: 'é'.repeat(5000) }));
    const response = decoded(await send({ rrsets: [texts(1)], edns: edns(), from: tcpClient, ede: many }));
    expect(edeOf(response).map((text) => text.length)).toEqual(Array(8).fill(2 + 400));
  });
});

describe('OPT', () => {
  const option = (code: number, data = '') => ({ code, data });
  const ask = async (options: { code: number; data: string }[], from = udpClient, settings = {}) =>
    decoded(await send({ rrsets: [texts(1)], edns: edns({ options }), from, settings })).edns!;

  it('goes back only where one came, with DO as it was', async () => {
    expect(decoded(await send({ rrsets: [texts(1)] })).edns).toBeUndefined();
    for (const bit of [true, false]) {
      const response = decoded(await send({ rrsets: [texts(1)], edns: edns({ do: bit, udpSize: 4096 }) }));
      expect(response.edns).toEqual({ version: 0, udpSize: 1232, do: bit, options: [] });
    }
  });

  it('ignores options that we do not know, and padding', async () => {
    const options = [
      option(65_001, 'x'),
      option(EdnsOption.PADDING, '\0'.repeat(40)),
      option(EdnsOption.ECS, '\0\x01\x18\0\xc0\0\x02'),
    ];
    expect((await ask(options)).options).toEqual([]);
    expect((await ask(options, tcpClient)).options).toEqual([]);
  });

  it('has an NSID when it is asked for and set', async () => {
    const nsid = [option(EdnsOption.NSID)];
    expect((await ask(nsid, udpClient, { identity: 'node-7' })).options).toEqual([
      option(EdnsOption.NSID, 'node-7'),
    ]);
    expect((await ask([...nsid, ...nsid], udpClient, { identity: 'node-7' })).options).toHaveLength(1);
    expect((await ask(nsid)).options).toEqual([]);
    expect((await ask([], udpClient, { identity: 'node-7' })).options).toEqual([]);
  });

  it('has the keepalive time by TCP only, when it is asked for', async () => {
    const keepalive = [option(EdnsOption.KEEPALIVE)];
    expect((await ask(keepalive, tcpClient, { tcpIdleMs: 10_000 })).options).toEqual([option(11, '\0\x64')]);
    expect((await ask(keepalive)).options).toEqual([]);
    expect((await ask([], tcpClient)).options).toEqual([]);
  });
});
