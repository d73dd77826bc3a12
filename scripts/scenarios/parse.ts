/**
 * Reads a recorded scenario (.rpl) into data.
 *
 * The format is that of Unbound's and Deckard's replay files as far as they share it: configuration lines,
 * ranges of canned answers by server address, and steps. Text only; nothing is played here.
 * Limitations: configuration keys are kept as they stand; who plays decides which of them it can honour.
 */
import { type Name, parseName, ROOT } from '../../src/dns/name.js';
import { parseType, RRClass } from '../../src/dns/registry.js';
import type { Question } from '../../src/dns/rrset.js';
import { parseZoneText } from '../../src/zone/parse.js';
import type { ZoneRecord } from '../../src/zone/record.js';

export type SectionName = 'answer' | 'authority' | 'additional';

export interface Entry {
  /** Lower-case words of all MATCH lines. */
  readonly match: readonly string[];
  /** Lower-case words of all ADJUST lines. */
  readonly adjust: readonly string[];
  /** Upper-case flags and RCODE. */
  readonly reply: readonly string[];
  readonly question: Question | undefined;
  readonly sections: Readonly<Record<SectionName, readonly ZoneRecord[]>>;
  /** A raw packet in hex, of HEX_ANSWER or RAW. */
  readonly raw: string | undefined;
}

export interface Range {
  readonly first: number;
  readonly last: number;
  readonly addresses: readonly string[];
  readonly entries: readonly Entry[];
}

export interface Step {
  readonly number: number;
  readonly kind: string;
  /** Of the client that asks; undefined: any. */
  readonly address: string | undefined;
  readonly elapseSec: number;
  readonly entry: Entry | undefined;
}

export interface ConfiguredZoneText {
  readonly kind: 'stub' | 'forward';
  readonly name: string;
  readonly addresses: readonly string[];
  readonly first: boolean;
}

/** A response policy zone with its master file. */
export interface PolicyZoneText {
  readonly name: string;
  readonly text: string;
  /** Keys of its section. */
  readonly keys: readonly string[];
}

export interface Scenario {
  readonly title: string;
  /** Server options by key, each with all its values, unquoted. */
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly zones: readonly ConfiguredZoneText[];
  readonly policyZones: readonly PolicyZoneText[];
  readonly ranges: readonly Range[];
  readonly steps: readonly Step[];
}

/** A file that is no scenario, or has records that cannot be read. */
export class ScenarioError extends Error {}

export function parseScenario(text: string): Scenario {
  const lines = text.split('\n').map((line) => line.trim());
  const split = lines.findIndex((line) => line.startsWith('CONFIG_END'));
  if (split < 0) throw new ScenarioError('no CONFIG_END');
  const configLines = lines.slice(0, split);
  const config = parseConfigLines(withoutPolicy(configLines));
  const policyZones = readPolicyZones(text.split('\n').slice(0, split));
  const reader = new LineReader(lines.slice(split + 1));
  const ranges: Range[] = [];
  const steps: Step[] = [];
  let title = '';
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    if (line.startsWith('SCENARIO_BEGIN')) title = line.slice('SCENARIO_BEGIN'.length).trim();
    else if (line.startsWith('RANGE_BEGIN')) ranges.push(readRange(line, reader));
    else if (line.startsWith('STEP')) steps.push(readStep(line, reader));
    else if (line.startsWith('SCENARIO_END')) break;
  }
  steps.sort((a, b) => a.number - b.number);
  return { title, ...config, policyZones, ranges, steps };
}

/** Lines that are not inside of an `rpz:` section. */
function withoutPolicy(lines: readonly string[]): string[] {
  let inside = false;
  return lines.filter((line) => {
    const section = /^(rpz|server|stub-zone|forward-zone|auth-zone|remote-control):$/.exec(line);
    if (section) inside = section[1] === 'rpz';
    return !inside;
  });
}

function readPolicyZones(lines: readonly string[]): PolicyZoneText[] {
  const zones: { name: string; text: string; keys: string[] }[] = [];
  let inFile = false;
  for (const line of lines) {
    const zone = zones.at(-1);
    if (line.trim() === 'rpz:') zones.push({ name: '', text: '', keys: [] });
    else if (/^[a-z-]+:\s*$/.test(line)) zones.push({ name: 'none', text: '', keys: [] });
    else if (line.startsWith('TEMPFILE_CONTENTS')) inFile = true;
    else if (line.startsWith('TEMPFILE_END')) inFile = false;
    else if (zone && inFile) zone.text += `${line}\n`;
    else if (zone) {
      const found = /^\s+([a-z-]+):\s*(.*)$/.exec(line);
      if (found) zone.keys.push(found[1]!);
      if (found?.[1] === 'name' && zone.name === '') zone.name = unquote(found[2]!);
    }
  }
  return zones.filter(({ name }) => name !== 'none');
}

function parseConfigLines(lines: readonly string[]): Pick<Scenario, 'options' | 'zones'> {
  const options = new Map<string, string[]>();
  const zones: { kind: 'stub' | 'forward'; name: string; addresses: string[]; first: boolean }[] = [];
  let zone: (typeof zones)[number] | undefined;
  for (const raw of lines.flatMap(severalPairs)) {
    const found = /^[;#]?\s*([a-z0-9-]+):\s*(.*)$/i.exec(raw);
    if (!found) continue;
    const key = found[1]!.toLowerCase();
    const value = unquote(found[2]!);
    const commented = /^[;#]/.test(raw);
    if (key === 'stub-zone' || key === 'forward-zone') {
      zone = { kind: key === 'stub-zone' ? 'stub' : 'forward', name: '', addresses: [], first: false };
      zones.push(zone);
    } else if (key === 'stub-addr' || key === 'forward-addr') {
      // Deckard writes the root hint without a zone around it.
      if (!zone || (zone.name === '' && commented)) {
        zone = { kind: 'stub', name: '.', addresses: [], first: false };
        zones.push(zone);
      }
      zone.addresses.push(value.split('@')[0]!);
    } else if (key === 'name' && zone) {
      zone.name = value;
    } else if (key === 'forward-first' && zone) {
      zone.first = value === 'yes';
    } else if (!commented || key === 'val-override-timestamp') {
      options.set(key, [...(options.get(key) ?? []), value]);
    }
  }
  return {
    options,
    zones: zones.filter((z) => z.addresses.length > 0).map((z) => ({ ...z, name: z.name || '.' })),
  };
}

/** Unbound takes several pairs on one line. */
function severalPairs(line: string): string[] {
  const head = /^(stub-zone|forward-zone):\s+(\S.*)$/.exec(line);
  return head ? [`${head[1]}:`, ...head[2]!.split(/\s+(?=[a-z-]+:\s)/)] : [line];
}

function unquote(text: string): string {
  const quoted = /^"([^"]*)"/.exec(text);
  return quoted ? quoted[1]! : text.replace(/\s*[;#].*$/, '').trim();
}

class LineReader {
  private at = 0;

  constructor(private readonly lines: readonly string[]) {}

  /** The next line that is neither blank nor comment. */
  next(): string | undefined {
    while (this.at < this.lines.length) {
      const line = this.lines[this.at++]!;
      if (line !== '' && !line.startsWith(';') && !line.startsWith('#')) return line;
    }
    return undefined;
  }

  back(): void {
    this.at--;
  }
}

function readRange(head: string, reader: LineReader): Range {
  const [first, last] = head.split(/\s+/).slice(1).map(Number) as [number, number];
  const addresses: string[] = [];
  const entries: Entry[] = [];
  for (let line = reader.next(); line !== undefined && !line.startsWith('RANGE_END'); line = reader.next()) {
    if (line.startsWith('ADDRESS')) addresses.push(line.split(/\s+/)[1]!);
    else if (line.startsWith('ENTRY_BEGIN')) entries.push(readEntry(reader));
  }
  return { first, last, addresses, entries };
}

function readStep(head: string, reader: LineReader): Step {
  const words = head.replace(/;.*$/, '').trim().split(/\s+/);
  const kind = (words[2] ?? '').toUpperCase();
  const elapse = words.findIndex((w) => w.toUpperCase() === 'ELAPSE');
  let entry: Entry | undefined;
  // An address may stand between the step and its entry.
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    if (line.startsWith('ADDRESS')) continue;
    if (line.startsWith('ENTRY_BEGIN')) entry = readEntry(reader);
    else reader.back();
    break;
  }
  const addressAt = words.indexOf('ADDRESS');
  const address = addressAt < 0 ? undefined : words[addressAt + 1];
  return {
    number: Number(words[1]),
    kind,
    address,
    elapseSec: elapse < 0 ? 0 : Number(words[elapse + 1]),
    entry,
  };
}

function readEntry(reader: LineReader): Entry {
  const match: string[] = [];
  const adjust: string[] = [];
  const reply: string[] = [];
  const text: Record<'question' | SectionName, string[]> = {
    question: [],
    answer: [],
    authority: [],
    additional: [],
  };
  let section: keyof typeof text | undefined;
  let raw: string | undefined;
  for (let line = reader.next(); line !== undefined && !line.startsWith('ENTRY_END'); line = reader.next()) {
    const words = line.replace(/\s;.*$/, '').split(/\s+/);
    const rest = words.slice(1).filter((w) => w !== '');
    if (words[0] === 'MATCH') match.push(...rest.map((w) => w.toLowerCase()));
    else if (words[0] === 'ADJUST') adjust.push(...rest.map((w) => w.toLowerCase()));
    else if (words[0] === 'REPLY') reply.push(...rest.map((w) => w.toUpperCase()));
    else if (words[0] === 'SECTION') section = words[1]!.toLowerCase() as keyof typeof text;
    else if (words[0] === 'RAW') raw = reader.next();
    else if (words[0]!.startsWith('HEX_')) raw = readHex(words[0]!, reader) ?? raw;
    else if (words[0] === 'ENTRY_BEGIN') continue;
    else if (section) text[section].push(line);
  }
  return {
    match,
    adjust,
    reply,
    raw,
    question: text.question[0] === undefined ? undefined : readQuestion(text.question[0]),
    sections: {
      answer: readRecords(text.answer),
      authority: readRecords(text.authority),
      additional: readRecords(text.additional),
    },
  };
}

function readHex(begin: string, reader: LineReader): string | undefined {
  let hex = '';
  const end = begin.replace('_BEGIN', '_END');
  for (let line = reader.next(); line !== undefined && !line.startsWith(end); line = reader.next()) {
    hex += line.replace(/;.*$/, '').replace(/\s+/g, '');
  }
  return begin.startsWith('HEX_ANSWER') ? hex : undefined;
}

function readQuestion(line: string): Question {
  const [name, ...rest] = line.replace(/;.*$/, '').trim().split(/\s+/);
  const type = rest.map((w) => parseType(w)).findLast((t) => t !== undefined);
  if (type === undefined) throw new ScenarioError(`no type in question "${line}"`);
  return { name: absolute(name!), type, class: RRClass.IN };
}

function absolute(text: string): Name {
  return parseName(text, ROOT);
}

function readRecords(lines: readonly string[]): readonly ZoneRecord[] {
  if (lines.length === 0) return [];
  return lines.some((line) => GENERIC.test(line)) ? lines.flatMap(readGeneric) : readRegular(lines);
}

/** RDATA in hex, as broken records have it: it may be of any length whatever the type. */
const GENERIC = /^(\S+)\s.*?\s(\S+)\s+\\#\s+\d+\s*([0-9a-fA-F\s]*)/;

function readGeneric(line: string): readonly ZoneRecord[] {
  const found = GENERIC.exec(line);
  const type = found ? parseType(found[2]!) : undefined;
  if (!found || type === undefined) return readRegular([line]);
  const [stand] = readRegular([line.replace(/\S+\s+\\#.*$/, 'TYPE65280 \\# 0')]);
  return [{ ...stand!, type, rdata: Buffer.from(found[3]!.replace(/\s/g, ''), 'hex').latin1Slice() }];
}

function readRegular(lines: readonly string[]): readonly ZoneRecord[] {
  const text = lines.map(mendBase64).join('\n');
  const { records, problems } = parseZoneText(`$TTL 3600\n${text}\n`, { origin: ROOT });
  const error = problems.find((p) => p.severity === 'error');
  if (error) throw new ScenarioError(`record cannot be read: ${error.message}`);
  return records;
}

/** Some recordings hold signatures of odd lengths; old readers took them, ours asks for whole base64. */
function mendBase64(line: string): string {
  const found = /^([^(]*\s(?:RRSIG\s+(?:\S+\s+){8}|DNSKEY\s+(?:\S+\s+){3}))([A-Za-z0-9+/=\s]+)(;.*)?$/.exec(
    line,
  );
  if (!found) return line;
  const body = found[2]!.replace(/[=\s]/g, '');
  const whole = body.length % 4 === 1 ? body.slice(0, -1) : body;
  return `${found[1]}${whole}${'='.repeat((4 - (whole.length % 4)) % 4)} ${found[3] ?? ''}`;
}
