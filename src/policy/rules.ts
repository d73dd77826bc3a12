/**
 * What the operator's lists say of a question: nothing, let it through, or answer it so.
 *
 * Lists are asked in the order of the configuration; the first that has a rule for the name or for one above
 * it decides. An exception ends the matter as well. Each decision names its list, for the trace, the EDE and
 * the counters.
 * RPZ (draft-vixie-dnsop-dns-rpz): QNAME triggers with the actions NXDOMAIN, NODATA, passthru, drop, and
 * local data. Limitations: its triggers by client, by answer address and by name server are counted as
 * skipped; TCP-only is passthru.
 */
import {
  isSubdomain,
  isWildcard,
  labelsOf,
  MAX_NAME_OCTETS,
  type Name,
  type Octets,
  parentName,
  toName,
} from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { RRset } from '../dns/rrset.js';
import type { ZoneRecord } from '../zone/record.js';
import { type BadLine, type ListFormat, readList } from './list-formats.js';
import { type NameTable, NameTableBuilder } from './name-table.js';

/** How a blocked question is answered. */
export type BlockAction = 'nxdomain' | 'nodata' | 'refused' | 'null-address' | 'drop';

export type Decision =
  | { readonly kind: 'block'; readonly action: BlockAction; readonly list: string; readonly rule: Name }
  | { readonly kind: 'data'; readonly rrsets: readonly RRset[]; readonly list: string; readonly rule: Name }
  | { readonly kind: 'pass'; readonly list: string; readonly rule: Name };

/** One loaded list. */
export interface PolicyList {
  readonly name: string;
  readonly rules: number;
  readonly octets: number;
  /** Lines that could not be used, and the first few of them. */
  readonly bad: number;
  readonly firstBad: readonly BadLine[];
  decide(name: Name): Decision | undefined;
}

/** Bad lines of a list that are named; the rest is counted. */
const NAMED_BAD_LINES = 5;
const PASS = 0;
const BLOCK = 1;

class BadLines {
  count = 0;
  readonly first: BadLine[] = [];

  readonly add = (bad: BadLine): void => {
    this.count++;
    if (this.first.length < NAMED_BAD_LINES) this.first.push(bad);
  };
}

/** A list in one of the simple formats; everything it blocks is answered by `action`. */
export function blockList(name: string, text: string, format: ListFormat, action: BlockAction): PolicyList {
  return finishSteps(blockListSteps(name, text, format, action));
}

/** Rules between two pauses of a load in steps: a fraction of a millisecond. */
const RULES_PER_STEP = 500;

/** The same in steps of some hundred rules, for a program that has to answer meanwhile. */
export function* blockListSteps(
  name: string,
  text: string,
  format: ListFormat,
  action: BlockAction,
): Generator<void, PolicyList> {
  const bad = new BadLines();
  const blocked = new NameTableBuilder();
  const passed = new NameTableBuilder();
  let rules = 0;
  for (const rule of readList(text, format, bad.add)) {
    (rule.blocks ? blocked : passed).add({
      name: rule.name,
      reach: rule.reach,
      rule: rule.blocks ? BLOCK : PASS,
    });
    if (++rules % RULES_PER_STEP === 0) yield;
  }
  return madeList(name, action, { blocks: blocked.build(), passes: passed.build(), bad });
}

/** Runs all steps at once. */
export function finishSteps<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

function madeList(
  name: string,
  action: BlockAction,
  { blocks, passes, bad }: { readonly blocks: NameTable; readonly passes: NameTable; readonly bad: BadLines },
): PolicyList {
  return {
    name,
    rules: blocks.size + passes.size,
    octets: blocks.octets + passes.octets,
    bad: bad.count,
    firstBad: bad.first,
    decide(question) {
      const pass = passes.find(question);
      if (pass) return { kind: 'pass', list: name, rule: pass.name };
      const hit = blocks.find(question);
      return hit && { kind: 'block', action, list: name, rule: hit.name };
    },
  };
}

const actions: readonly BlockAction[] = ['nxdomain', 'nodata', 'drop'];
/** In the table of an RPZ list: index into `actions`, or these. */
const RPZ_PASS = 100;
const RPZ_DATA = 101;

/**
 * A response policy zone.
 * @param apex    name of the zone, which rules are relative to
 * @param records all of its records
 * @param unreadable lines that were no records
 */
export function responsePolicyZone(
  name: string,
  apex: Name,
  records: readonly ZoneRecord[],
  unreadable: readonly BadLine[] = [],
): PolicyList {
  const bad = new BadLines();
  for (const line of unreadable) bad.add(line);
  const table = new NameTableBuilder();
  const data = new Map<Name, ZoneRecord[]>();
  for (const record of records) {
    const trigger = triggerOf(record, apex);
    if (trigger === undefined) continue;
    if (typeof trigger === 'string') {
      bad.add({ line: record.line, why: trigger });
      continue;
    }
    const rule = ruleOf(record);
    table.add({ ...trigger, rule });
    if (rule === RPZ_DATA) data.set(trigger.name, [...(data.get(trigger.name) ?? []), record]);
  }
  const rules = table.build();
  return {
    name,
    rules: rules.size,
    octets: rules.octets,
    bad: bad.count,
    firstBad: bad.first,
    decide: (question) => decideRpz(name, rules, data, question),
  };
}

function decideRpz(
  list: string,
  rules: NameTable,
  data: ReadonlyMap<Name, readonly ZoneRecord[]>,
  question: Name,
): Decision | undefined {
  const hit = rules.find(question);
  if (!hit) return undefined;
  if (hit.rule === RPZ_PASS) return { kind: 'pass', list, rule: hit.name };
  if (hit.rule !== RPZ_DATA) return { kind: 'block', action: actions[hit.rule]!, list, rule: hit.name };
  return { kind: 'data', rrsets: rrsetsOf(data.get(hit.name) ?? [], question), list, rule: hit.name };
}

/** Last labels of owners that are triggers of other kinds. */
const otherTriggers = new Set(['rpz-client-ip', 'rpz-ip', 'rpz-nsdname', 'rpz-nsip']);

type Trigger = { readonly name: Name; readonly reach: 'name' | 'below' };

/** The name that a record is a rule for; undefined for the zone's own records, a string for what is not done. */
function triggerOf(record: ZoneRecord, apex: Name): Trigger | string | undefined {
  if (record.name === apex) return undefined;
  if (!isSubdomain(record.name, apex)) return 'its owner is outside of the zone';
  const owner = `${record.name.slice(0, record.name.length - apex.length)}\0` as Name;
  if (otherTriggers.has(labelsOf(owner).at(-1) ?? '')) return 'only triggers by QNAME count here';
  return isWildcard(owner) ? { name: parentName(owner), reach: 'below' } : { name: owner, reach: 'name' };
}

function ruleOf(record: ZoneRecord): number {
  if (record.type !== RRType.CNAME) return RPZ_DATA;
  switch (toName(record.rdata)) {
    case '\0':
      return actions.indexOf('nxdomain');
    case '\x01*\0':
      return actions.indexOf('nodata');
    case '\x08rpz-drop\0':
      return actions.indexOf('drop');
    case '\x0crpz-passthru\0':
    case '\x0crpz-tcp-only\0':
      return RPZ_PASS;
    default:
      return RPZ_DATA;
  }
}

/** Local data under the name that was asked. An alias to a wildcard puts that name in front of it. */
function rrsetsOf(records: readonly ZoneRecord[], name: Name): RRset[] {
  const byType = new Map<number, RRset>();
  for (const { type, class: cls, ttlSec, rdata } of records) {
    const data = type === RRType.CNAME ? targetFor(rdata, name) : rdata;
    if (data === undefined) continue;
    const known = byType.get(type);
    const rdatas = [...(known?.rdatas ?? []), data];
    byType.set(type, { name, type, class: cls, ttlSec, rdatas, signatures: [] });
  }
  return [...byType.values()];
}

/** Undefined: the name would be too long. */
function targetFor(target: Octets, name: Name): Octets | undefined {
  if (!isWildcard(toName(target))) return target;
  const made = name.slice(0, -1) + target.slice(2);
  return made.length > MAX_NAME_OCTETS ? undefined : made;
}
