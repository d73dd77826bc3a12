/** Records of answers as comparable lines, for tests that compare two servers or a server and an RFC. */
import { formatName, toName } from '../../src/dns/name.js';
import { formatType, RRType } from '../../src/dns/registry.js';
import type { RRset } from '../../src/dns/rrset.js';
import { formatRdata } from '../../src/wire/rdata/registry.js';
import { parseZoneText } from '../../src/zone/parse.js';

function line(rrset: RRset, type: number, rdata: string): string {
  const text = formatRdata(type, rdata);
  // Names in RDATA compare without regard to letter case; so do whole lines here.
  return `${formatName(toName(rrset.name))} ${rrset.ttlSec} ${formatType(type)} ${text}`.toLowerCase();
}

/** One line per record, RRSIGs included, sorted. */
export function linesOf(rrsets: readonly RRset[]): string[] {
  const lines = rrsets.flatMap((rrset) => [
    ...rrset.rdatas.map((rdata) => line(rrset, rrset.type, rdata)),
    ...rrset.signatures.map((rdata) => line(rrset, RRType.RRSIG, rdata)),
  ]);
  return lines.sort();
}

/** The same lines from records in presentation form. */
export function linesOfText(records: readonly string[]): string[] {
  const parsed = parseZoneText(records.join('\n'));
  if (parsed.problems.length > 0) throw new Error(JSON.stringify(parsed.problems));
  const rrsets = parsed.records.map((record) => ({ ...record, rdatas: [record.rdata], signatures: [] }));
  return linesOf(rrsets);
}
