/** Presentation lines of the records in a response, for the trace; only made when someone watches. */
import { formatName } from '../dns/name.js';
import { formatType } from '../dns/registry.js';
import type { RRset } from '../dns/rrset.js';
import type { Message } from '../wire/message.js';
import { formatRRset } from '../wire/rrset-text.js';

const MAX_LINES = 12;

/** Records of answer, authority and additional; RRSIGs are left out, they have events of their own. */
export function traceRecords(message: Message): string[] {
  const lines: string[] = [];
  for (const rrset of [...message.answer, ...message.authority, ...message.additional]) {
    for (const line of formatRRset({ ...rrset, signatures: [] })) {
      if (lines.length === MAX_LINES) return [...lines, '...'];
      lines.push(line);
    }
  }
  return lines;
}

export function traceRemoved(removed: readonly RRset[]): string[] {
  return removed.slice(0, MAX_LINES).map((r) => `${formatName(r.name)} ${formatType(r.type)}`);
}
