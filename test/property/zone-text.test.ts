import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatName, type Name, type Octets, prependLabel, ROOT } from '../../src/dns/name.js';
import { RRType } from '../../src/dns/registry.js';
import { formatRdata } from '../../src/wire/rdata/registry.js';
import { parseZoneText } from '../../src/zone/parse.js';

/** Any octets, as names and strings may have. */
const octets = (min: number, max: number) =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const names = fc
  .array(octets(1, 20), { maxLength: 5 })
  .map((labels): Name => labels.reduce<Name>((name, label) => prependLabel(label, name)!, ROOT));
const ttls = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const txtData = fc
  .array(octets(0, 40), { minLength: 1, maxLength: 4 })
  .map((strings) => strings.map((text) => String.fromCharCode(text.length) + text).join(''));
const records = fc.record({
  name: names,
  ttlSec: ttls,
  data: fc.oneof(
    txtData.map((rdata): [number, Octets] => [RRType.TXT, rdata]),
    names.map((rdata): [number, Octets] => [RRType.NS, rdata]),
    octets(0, 30).map((rdata): [number, Octets] => [65280, rdata]),
  ),
});

describe('master files', () => {
  test('any record that is written out is read back octet for octet', () => {
    fc.assert(
      fc.property(fc.array(records, { maxLength: 8 }), (list) => {
        const text = list
          .map(({ name, ttlSec, data: [type, rdata] }) => {
            const typeText = type === 65280 ? 'TYPE65280' : type === RRType.TXT ? 'TXT' : 'NS';
            return `${formatName(name)} ${ttlSec} IN ${typeText} ${formatRdata(type, rdata)}\n`;
          })
          .join('');
        const parsed = parseZoneText(text);
        expect(parsed.problems).toEqual([]);
        expect(
          parsed.records.map(({ name, ttlSec, type, rdata }) => ({ name, ttlSec, data: [type, rdata] })),
        ).toEqual(list);
      }),
    );
  });
});
