/**
 * Does an answer satisfy a CHECK_ANSWER?
 *
 * Compared are RCODE, flags without AA, the answer section as a set, the SOA of negative answers, and TTLs
 * where the entry asks for them; EDE codes, authority and additional records beyond that are one resolver's
 * choice.
 */
import { formatName } from '../../src/dns/name.js';
import { EdnsOption, formatRcode, formatType, RRType } from '../../src/dns/registry.js';
import type { RRset } from '../../src/dns/rrset.js';
import type { Message } from '../../src/wire/message.js';
import { formatRdata } from '../../src/wire/rdata/registry.js';
import { messageOf } from './canned.js';
import type { Entry } from './parse.js';

/** Undefined when it does; otherwise what differs. */
export function difference(entry: Entry, answer: Message): string | undefined {
  const expected = messageOf(entry, answer.questions[0]!, answer.edns !== undefined);
  const all = entry.match.includes('all');
  const asks = (word: string) => all || entry.match.includes(word);
  if (asks('rcode') && expected.rcode !== answer.rcode) {
    return `rcode ${formatRcode(answer.rcode)} instead of ${formatRcode(expected.rcode)}`;
  }
  if (asks('flags')) {
    for (const flag of ['tc', 'ad'] as const) {
      if (expected[flag] !== answer[flag]) return `flag ${flag} is ${answer[flag] ? 'set' : 'clear'}`;
    }
  }
  const ttl = entry.match.includes('ttl');
  if (asks('answer')) {
    const diff = setDifference(lines(expected.answer, ttl), lines(answer.answer, ttl));
    if (diff) return `answer section: ${diff}`;
  }
  if (asks('authority') && answer.answer.length === 0) {
    const soa = (sets: readonly RRset[]) =>
      sets.filter((r) => r.type === RRType.SOA).map((r) => ({ ...r, signatures: [] }));
    const wanted = lines(soa(expected.authority), ttl);
    const diff = wanted.size > 0 ? setDifference(wanted, lines(soa(answer.authority), ttl)) : undefined;
    if (diff) return `SOA: ${diff}`;
  }
  return undefined;
}

/** EDE codes are each resolver's choice, so they are reported and not judged. */
export function edeDifference(entry: Entry, answer: Message): string | undefined {
  const wanted = entry.match.find((w) => w.startsWith('ede='))?.slice(4);
  if (wanted === undefined || wanted === 'any') return undefined;
  const codes = (answer.edns?.options ?? [])
    .filter((o) => o.code === EdnsOption.EDE)
    .map((o) => o.data.charCodeAt(0) * 256 + o.data.charCodeAt(1));
  return codes.includes(Number(wanted)) ? undefined : `EDE ${codes.join(',') || 'none'} instead of ${wanted}`;
}

function lines(rrsets: readonly RRset[], ttl: boolean): Set<string> {
  const all = new Set<string>();
  for (const r of rrsets) {
    const start = `${formatName(r.name)} ${ttl ? r.ttlSec : ''}`;
    for (const rdata of r.rdatas)
      all.add(`${start} ${formatType(r.type)} ${formatRdata(r.type, rdata).toLowerCase()}`);
    for (const rdata of r.signatures)
      all.add(`${start} RRSIG ${formatRdata(RRType.RRSIG, rdata).toLowerCase()}`);
  }
  return all;
}

function setDifference(expected: Set<string>, got: Set<string>): string | undefined {
  const missing = [...expected].filter((line) => !got.has(line));
  const extra = [...got].filter((line) => !expected.has(line));
  if (missing.length === 0 && extra.length === 0) return undefined;
  return `missing [${missing.slice(0, 3).join(' | ')}], extra [${extra.slice(0, 3).join(' | ')}]`;
}
