/** Reads the recorded signature tests: entries with a question and sections of records, as text. */
import { type Name, parseName } from '../../src/dns/name.js';
import type { RRset } from '../../src/dns/rrset.js';
import { rrsetsOf } from './signed-data.js';

export interface RecordedEntry {
  readonly qname: Name;
  /** Comments of the entry, which say what is wrong with it. */
  readonly comments: readonly string[];
  /** Sections by name. */
  readonly sections: ReadonlyMap<string, readonly RRset[]>;
}

/** Splits a file into its entries. Records without TTL get one of 3600 s. */
export function recordedEntries(text: string): RecordedEntry[] {
  return text
    .split('ENTRY_BEGIN')
    .slice(1)
    .map((part) => readEntry(part.slice(0, part.indexOf('ENTRY_END'))));
}

function readEntry(text: string): RecordedEntry {
  const lines = new Map<string, string[]>();
  const comments: string[] = [];
  let section = '';
  for (const line of text.split('\n')) {
    const begin = /^SECTION ([A-Z]+)/.exec(line);
    if (begin) section = begin[1]!;
    else if (line.startsWith(';')) comments.push(line.slice(1).trim());
    else if (line.trim() !== '') lines.set(section, [...(lines.get(section) ?? []), line]);
  }
  const [question] = lines.get('QUESTION') ?? [];
  lines.delete('QUESTION');
  return {
    qname: parseName(question!.trim().split(/\s+/)[0]!),
    comments,
    sections: new Map([...lines].map(([name, records]) => [name, rrsetsOf(records)])),
  };
}
