/**
 * `npm run sign-zones [-- OUT]`: what the mock internet signs, as files for other programs.
 *
 * Writes the trust anchors into zones/ in the forms that delv and unbound or drill read. With OUT, a directory,
 * also every signed zone as it is served, for zone checkers and other name servers. The mock internet itself
 * needs none of it: it signs when it serves (docs/decisions/004).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type InternetProblem, loadInternet } from '../../src/authority/load.js';
import { ANCHOR_FILES, anchorFile, zoneFileName, zoneText } from './texts.js';

const ZONES = 'zones';

function main(out: string | undefined): number {
  const { internet, problems } = loadInternet(ZONES);
  if (!internet) {
    for (const problem of problems) console.error(place(problem));
    return 2;
  }
  for (const file of ANCHOR_FILES) writeFileSync(join(ZONES, file), anchorFile(file, internet.trustAnchors));
  console.log(`wrote ${ANCHOR_FILES.map((file) => join(ZONES, file)).join(', ')}`);
  if (out === undefined) return 0;
  mkdirSync(out, { recursive: true });
  const signed = internet.sources.filter(({ signer }) => signer);
  for (const source of signed) {
    const zone = internet.zoneOf(source);
    writeFileSync(join(out, zoneFileName(zone.apex)), zoneText(zone));
  }
  console.log(`wrote ${signed.length} signed zones to ${out}`);
  return 0;
}

function place({ file, line, column, severity, message }: InternetProblem): string {
  return `${file}:${line}:${column}: ${severity}: ${message}`;
}

process.exitCode = main(process.argv[2]);
