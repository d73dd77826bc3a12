import { describe, expect, test } from 'vitest';
import { InternetBuilder } from '../../src/authority/internet-builder.js';
import { parseName } from '../../src/dns/name.js';
import { RRClass } from '../../src/dns/registry.js';
import { seededRandom } from '../../src/runtime/random.js';
import { decodeMessage } from '../../src/wire/decode.js';
import { encodeQuery } from '../../src/wire/encode.js';
import { childZone, parentZone } from '../support/differential-zones.js';
import { fuzzRounds, fuzzSeed, fuzzTimeoutMs } from '../support/fuzz-settings.js';

const internet = new InternetBuilder()
  .addServer({
    name: 'ns.example.',
    addresses: ['192.0.2.1'],
    zones: [{ text: parentZone, origin: 'example.' }, childZone],
    root: true,
  })
  .build();
const names = ['www.example.', 'x.wild.example.', 'a.sub.example.', 'x.dn.example.', 'x.child.example.', '.'];

describe('packets that were changed at random', () => {
  test('get silence, or a response that decodes, echoes the ID and fits the transport', {
    timeout: fuzzTimeoutMs,
  }, () => {
    const random = seededRandom(fuzzSeed(7766));
    let replies = 0;
    for (let i = 0; i < fuzzRounds(5000); i++) {
      const question = {
        name: parseName(names[random.below(names.length)]!),
        type: random.below(300),
        class: RRClass.IN,
      };
      const edns = { version: 0, udpSize: random.uint16(), do: random.below(2) === 1, options: [] };
      const packet = encodeQuery({ id: random.uint16(), question, rd: false, cd: false, edns });
      for (let n = random.below(4); n > 0; n--) packet[random.below(packet.length)] = random.below(256);
      const sent = random.below(8) === 0 ? packet.subarray(0, random.below(packet.length)) : packet;
      const reply = internet.answer('192.0.2.1', sent, 'udp', random)!;
      if (reply.kind === 'silence') {
        expect(sent.length < 12 || (sent[2]! & 0x80) !== 0).toBe(true);
        continue;
      }
      replies++;
      const decoded = decodeMessage(reply.packet);
      expect(decoded.ok).toBe(true);
      expect(reply.packet.length).toBeLessThanOrEqual(4096);
      expect(reply.packet.readUInt16BE(0)).toBe(sent.readUInt16BE(0));
      expect(reply.packet[2]! & 0x80).toBe(0x80);
    }
    expect(replies).toBeGreaterThan(fuzzRounds(3000));
  });
});
