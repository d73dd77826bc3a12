/**
 * Lines of a dump back into RRsets: the reverse of what cache-views.ts shows.
 */
import type { Name } from '../../dns/name.js';
import { RRType } from '../../dns/registry.js';
import type { Rdata, RRset } from '../../dns/rrset.js';
import { parseRrsig } from '../../dnssec/records.js';
import { parseZoneText } from '../../zone/parse.js';

/** Why a line of a dump is not taken. Does not leave the reader of dumps. */
export class BadLine extends Error {}

interface Growing {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  readonly ttlSec: number;
  readonly rdatas: Rdata[];
  readonly signatures: Rdata[];
}

/** @throws {BadLine} */
export function readRRsets(lines: readonly string[]): RRset[] {
  if (lines.length === 0) return [];
  // A record fills one line; directives and continued lines have no place here.
  if (lines.some((line) => !/^[^\s$;()][^\n\r]*$/.test(line))) throw new BadLine('a record cannot be read');
  const { records, problems } = parseZoneText(lines.join('\n'), { readFile: () => '' });
  const [problem] = problems.filter(({ severity }) => severity === 'error');
  if (problem || records.length !== lines.length) {
    throw new BadLine(`a record cannot be read${problem ? `: ${problem.message}` : ''}`);
  }
  const found: Growing[] = [];
  for (const { name, type, class: cls, ttlSec, rdata } of records) {
    const signature = type === RRType.RRSIG;
    const of = signature ? parseRrsig(rdata)?.typeCovered : type;
    if (of === undefined) throw new BadLine('a signature cannot be read');
    let rrset = found.find((known) => known.name === name && known.type === of && known.class === cls);
    if (!rrset) {
      rrset = { name, type: of, class: cls, ttlSec, rdatas: [], signatures: [] };
      found.push(rrset);
    }
    (signature ? rrset.signatures : rrset.rdatas).push(rdata);
  }
  if (found.some(({ rdatas }) => rdatas.length === 0)) throw new BadLine('a signature covers nothing');
  return found;
}
