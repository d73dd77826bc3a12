import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lookupZone } from '../../../src/authority/lookup.js';
import { type Name, parseName } from '../../../src/dns/name.js';
import { RRClass, RRType } from '../../../src/dns/registry.js';
import { loadZoneFile, loadZoneText } from '../../../src/zone/build.js';
import { openZone, packZone } from '../../../src/zone/packed-zone.js';

const files = readdirSync('zones', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.zone'))
  .map((file) => join('zones', file));
const zones = files.flatMap((file) => {
  const { zone } = loadZoneFile(file);
  return zone ? [[file, zone] as const] : [];
});
const asked = [RRType.A, RRType.NS, RRType.SOA, RRType.DS, RRType.CNAME, RRType.TXT, RRType.ANY];

describe('a packed zone', () => {
  it.each(zones)('%s answers as the zone does that it was made of', (_file, zone) => {
    const opened = openZone(structuredClone(packZone(zone)));
    const names = [...zone.names()].slice(0, 50);
    const below = names.flatMap((name) => [name, `\x03new${name}` as Name]);
    for (const name of below) {
      for (const type of asked) {
        const question = { name, type, class: RRClass.IN };
        expect(lookupZone(opened, question, { do: true })).toEqual(lookupZone(zone, question, { do: true }));
      }
    }
    expect([...opened.rrsets()]).toEqual([...zone.rrsets()]);
    expect(opened).toMatchObject({ apex: zone.apex, isSigned: zone.isSigned, negativeSoa: zone.negativeSoa });
  });

  it('keeps its chain of NSEC3', () => {
    const { zone } = loadZoneText(
      [
        '$TTL 60\nz.test. SOA ns h 1 2 3 4 60\n@ NS ns\n@ NSEC3PARAM 1 0 0 -',
        '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr A',
      ].join('\n'),
      { origin: parseName('z.test.') },
    );
    const opened = openZone(packZone(zone!));
    expect([...opened.content.nsec3RRsets]).toEqual([...zone!.content.nsec3RRsets]);
    expect(opened.nsec3?.covering(parseName('x.z.test.'))).toEqual(
      zone!.nsec3!.covering(parseName('x.z.test.')),
    );
  });
});
