/**
 * RRsets and messages as text for people: traces, the CLI, cache dumps.
 * RFC 1035 5.1 (master file lines).
 */
import { formatName } from '../dns/name.js';
import { formatClass, formatRcode, formatType, Opcode, RRType } from '../dns/registry.js';
import type { RRset } from '../dns/rrset.js';
import type { Edns, Message } from './message.js';
import { formatOption } from './options.js';
import { formatRdata } from './rdata/text.js';

const opcodeNames = new Map<number, string>(Object.entries(Opcode).map(([name, value]) => [value, name]));

/** One master file line per record, columns parted by tabs: owner, TTL, class, type, RDATA; RRSIGs last. */
export function formatRRset(rrset: RRset): string[] {
  const { type, class: rrclass } = rrset;
  const owner = `${formatName(rrset.name)}\t${rrset.ttlSec}\t${formatClass(rrclass)}\t`;
  const head = `${owner}${formatType(type)}\t`;
  const lines = rrset.rdatas.map((rdata) => head + formatRdata(type, rdata, rrclass));
  for (const rdata of rrset.signatures) lines.push(`${owner}RRSIG\t${formatRdata(RRType.RRSIG, rdata)}`);
  return lines;
}

/** A whole message, much as dig prints it. For debugging; nothing should read it back. */
export function formatMessage(message: Message): string {
  const flags = (['qr', 'aa', 'tc', 'rd', 'ra', 'ad', 'cd'] as const).filter((flag) => message[flag]);
  const opcode = opcodeNames.get(message.opcode) ?? `OPCODE${message.opcode}`;
  const lines = [
    `;; opcode: ${opcode}, status: ${formatRcode(message.rcode)}, id: ${message.id}`,
    `;; flags: ${flags.join(' ')}`,
  ];
  if (message.edns !== undefined) lines.push(...formatEdns(message.edns));
  lines.push('', ';; QUESTION');
  for (const { spelling, type, class: rrclass } of message.questions) {
    lines.push(`;${formatName(spelling)}\t${formatClass(rrclass)}\t${formatType(type)}`);
  }
  for (const section of ['answer', 'authority', 'additional'] as const) {
    if (message[section].length > 0) {
      lines.push('', `;; ${section.toUpperCase()}`, ...message[section].flatMap(formatRRset));
    }
  }
  return `${lines.join('\n')}\n`;
}

function formatEdns(edns: Edns): string[] {
  return [
    `;; EDNS: version ${edns.version}, ${edns.do ? 'do, ' : ''}udp ${edns.udpSize}`,
    ...edns.options.map((option) => `;; ${formatOption(option)}`),
  ];
}
