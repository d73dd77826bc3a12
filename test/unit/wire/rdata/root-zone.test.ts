import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../../../src/dns/name.js';
import { parseType, RRType } from '../../../../src/dns/registry.js';
import { formatRdata, parseRdata } from '../../../../src/wire/rdata/registry.js';
import { rdataTokens } from '../../../support/rdata-tokens.js';

const zoneFile = '../shared/data/zones/root-2026010500.zone.gz';

describe.skipIf(!existsSync(zoneFile))(`the root zone (${zoneFile})`, () => {
  it('is written as it is read, but for blanks in blobs and the form of IPv6 addresses', () => {
    const lines = gunzipSync(readFileSync(zoneFile)).toString('latin1').trim().split('\n');
    expect(lines.length).toBeGreaterThan(20_000);
    const different: string[] = [];
    for (const line of lines) {
      const [, , , mnemonic, text] = line.split(/\t+/);
      const type = parseType(mnemonic!)!;
      const rdata = parseRdata(type, rdataTokens(text!), ROOT);
      const written = formatRdata(type, rdata);
      // Addresses in the file are not in the form of RFC 5952.
      const same =
        type === RRType.AAAA
          ? parseRdata(type, rdataTokens(written), ROOT) === rdata
          : written.replaceAll(' ', '') === text!.replaceAll(' ', '');
      if (!same) different.push(`${line} is written ${written}`);
    }
    expect(different).toEqual([]);
  });
});
