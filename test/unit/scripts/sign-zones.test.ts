import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { anchorFile, zoneFileName, zoneText } from '../../../scripts/sign-zones/texts.js';
import { loadInternet } from '../../../src/authority/load.js';
import { formatName, parseName, ROOT } from '../../../src/dns/name.js';
import { loadZoneText } from '../../../src/zone/build.js';
import { linesOf } from '../../support/answer-lines.js';

const internet = loadInternet(join(import.meta.dirname, '../../../zones')).internet!;
const signed = internet.sources.filter(({ signer }) => signer);

describe('a signed zone as text', () => {
  test.each(signed.map((source) => [formatName(source.zone.apex), source] as const))(
    '%s reads back as it is served',
    (_apex, source) => {
      const zone = internet.zoneOf(source);
      const { zone: again, problems } = loadZoneText(zoneText(zone));
      expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(linesOf([...again!.rrsets()])).toEqual(linesOf([...zone.rrsets()]));
    },
  );

  test('has the file name of its zone', () => {
    expect([ROOT, parseName('example.com.')].map(zoneFileName)).toEqual(['root.zone', 'example.com.zone']);
  });
});

test('trust anchors are written as records and as BIND reads them', () => {
  const rdata = `\x58\x70\x0d\x02${'\xab'.repeat(32)}`;
  const anchor = { ...internet.trustAnchors[0]!, rdata };
  expect(anchorFile('trust-anchors.ds', [anchor])).toBe(`. 86400 IN DS 22640 13 2 ${'AB'.repeat(32)}\n`);
  expect(anchorFile('trust-anchors.conf', [anchor])).toBe(
    `trust-anchors {\n  . static-ds 22640 13 2 "${'AB'.repeat(32)}";\n};\n`,
  );
});
