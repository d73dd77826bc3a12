import { describe, expect, test } from 'vitest';
import { encodeToFit, receive, respond } from '../../../src/authority/respond.js';
import { ZoneSet } from '../../../src/authority/zone-set.js';
import { parseName } from '../../../src/dns/name.js';
import { Opcode, Rcode, RRClass, RRType } from '../../../src/dns/registry.js';
import type { UpstreamTransport } from '../../../src/runtime/trace.js';
import { decodeMessage } from '../../../src/wire/decode.js';
import { encodeQuery } from '../../../src/wire/encode.js';
import type { Edns, Message } from '../../../src/wire/message.js';
import { loadZoneText } from '../../../src/zone/build.js';

const { zone } = loadZoneText(`
$ORIGIN example.
$TTL 60
@ SOA ns host 1 2 3 4 5
@ NS ns
ns A 192.0.2.1
small A 192.0.2.2
middle TXT ${Array.from({ length: 4 }, () => `"${'m'.repeat(115)}"`).join(' ')}
$GENERATE 1-4 big TXT "big-$-${'x'.repeat(200)}"
cut NS ns1.cut
cut NS ns2.cut
$GENERATE 1-40 ns1.cut AAAA 2001:db8::$
ns2.cut A 192.0.2.3
`);
const zones = new ZoneSet([zone!]);
const plainEdns: Edns = { version: 0, udpSize: 1232, do: false, options: [] };

interface Asked {
  readonly type?: number;
  readonly class?: number;
  readonly edns?: Edns;
  readonly transport?: UpstreamTransport;
}

function query(name: string, { type = RRType.A, class: qclass = RRClass.IN, edns }: Asked = {}): Buffer {
  const question = { name: parseName(name), type, class: qclass };
  return encodeQuery({ id: 4711, question, rd: true, cd: false, ...(edns ? { edns } : {}) });
}

/** What the server says to a packet, decoded; undefined for silence. */
function say(packet: Buffer, transport: UpstreamTransport = 'udp') {
  const received = receive(packet);
  if (!received) return undefined;
  const { message, question } = received.kind === 'query' ? received : {};
  const reply =
    received.kind === 'error'
      ? received.packet
      : encodeToFit(respond(zones, message!, question!), message!, transport);
  const decoded = decodeMessage(reply);
  if (!decoded.ok) throw new Error(decoded.reason);
  return { ...decoded.message, sizeOctets: reply.length };
}

function ask(name: string, asked: Asked = {}): Message & { sizeOctets: number } {
  return say(query(name, asked), asked.transport)!;
}

describe('which queries get which error', () => {
  test('RFC 6891 6.1.3: an EDNS version we do not know gets BADVERS with our version', () => {
    const { rcode, edns, answer } = ask('small.example.', { edns: { ...plainEdns, version: 1 } });
    expect([rcode, edns?.version, answer]).toEqual([Rcode.BADVERS, 0, []]);
  });

  test.each([
    ['AXFR', RRType.AXFR, Rcode.REFUSED],
    ['IXFR', RRType.IXFR, Rcode.REFUSED],
    ['MAILB', RRType.MAILB, Rcode.NOTIMP],
    ['TSIG', RRType.TSIG, Rcode.NOTIMP],
    ['OPT', RRType.OPT, Rcode.FORMERR],
  ])('QTYPE %s', (_name, type, expected) => {
    expect(ask('small.example.', { type }).rcode).toBe(expected);
  });

  test('another opcode is not implemented', () => {
    const packet = query('small.example.');
    packet[2] = Opcode.NOTIFY << 3;
    const { rcode, opcode } = say(packet)!;
    expect([rcode, opcode]).toEqual([Rcode.NOTIMP, Opcode.NOTIFY]);
  });

  test('no question is a format error', () => {
    const packet = query('small.example.').subarray(0, 12);
    packet[5] = 0;
    expect(say(packet)!.rcode).toBe(Rcode.FORMERR);
  });

  test('a query that cannot be decoded is a format error with its ID and nothing else', () => {
    const { id, qr, rcode, questions } = say(query('small.example.').subarray(0, 20))!;
    expect([id, qr, rcode, questions]).toEqual([4711, true, Rcode.FORMERR, []]);
  });

  test.each(['other.', '.', 'notexample.'])('%s is outside the zones and refused', (name) => {
    const { rcode, aa } = ask(name);
    expect([rcode, aa]).toEqual([Rcode.REFUSED, false]);
  });

  test('class CH is refused', () => {
    expect(ask('small.example.', { class: RRClass.CH }).rcode).toBe(Rcode.REFUSED);
  });

  test('responses, and packets shorter than a header, get no answer, so that no two servers chat for ever', () => {
    const response = query('small.example.');
    response[2]! |= 0x80;
    expect(say(response)).toBeUndefined();
    expect(say(response.subarray(0, 20))).toBeUndefined();
    expect(say(Buffer.alloc(11))).toBeUndefined();
    expect(say(Buffer.alloc(0))).toBeUndefined();
  });
});

describe('header and question of a response', () => {
  test('echo ID, RD and the spelling of QNAME, and set QR and AA', () => {
    const packet = query('small.example.');
    packet[13]! ^= 0x20;
    const { id, qr, aa, rd, ra, questions } = say(packet)!;
    expect([id, qr, aa, rd, ra]).toEqual([4711, true, true, true, false]);
    expect(questions[0]!.spelling).toBe('\x05Small\x07example\0');
  });

  test('OPT answers OPT, and only that', () => {
    expect(ask('small.example.').edns).toBeUndefined();
    expect(ask('small.example.', { edns: plainEdns }).edns).toMatchObject({ version: 0, udpSize: 1232 });
  });
});

describe('answers that do not fit', () => {
  const type = RRType.TXT;

  test('are cut to nothing with TC at 512 octets without EDNS', () => {
    const { tc, answer, sizeOctets } = ask('big.example.', { type });
    expect([tc, answer]).toEqual([true, []]);
    expect(sizeOctets).toBeLessThanOrEqual(512);
  });

  test('come whole within the size that EDNS offers, and by TCP', () => {
    for (const asked of [{ edns: { ...plainEdns, udpSize: 1400 } }, { transport: 'tcp' as const }]) {
      const { tc, answer } = ask('big.example.', { type, ...asked });
      expect([tc, answer[0]!.rdatas.length]).toEqual([false, 4]);
    }
  });

  test('RFC 6891 6.2.3: an offer below 512 counts as 512', () => {
    expect(ask('small.example.', { edns: { ...plainEdns, udpSize: 10 } }).tc).toBe(false);
  });

  test('RFC 2181 9: leave out the NS of the zone before they set TC', () => {
    const { tc, answer, authority } = ask('middle.example.', { type });
    expect([tc, answer.length, authority]).toEqual([false, 1, []]);
  });

  test('RFC 9471: a referral whose in-domain glue does not fit has TC', () => {
    expect(ask('www.cut.example.').tc).toBe(true);
    const whole = ask('www.cut.example.', { transport: 'tcp' });
    expect([whole.tc, whole.aa, whole.additional.length]).toEqual([false, false, 2]);
  });
});
