/**
 * What the operator's lists say of a question: nothing, let it through, or answer it so.
 *
 * Lists are asked in the order of the configuration; the first that has a rule for the name or for one above
 * it decides. An exception ends the matter as well. Each decision names its list, for the trace, the EDE and
 * the counters.
 * Here are lists of names; rpz.ts has the zones that know other kinds of rules.
 */
import type { Name } from '../dns/name.js';
import type { RRset } from '../dns/rrset.js';
import type { Network } from '../runtime/networks.js';
import { type BadLine, type ListFormat, readList } from './list-formats.js';
import { type NameTable, NameTableBuilder } from './name-table.js';

/** How a blocked question is answered. */
export type BlockAction = 'nxdomain' | 'nodata' | 'refused' | 'null-address' | 'drop';

interface ByRule {
  readonly list: string;
  /** The name that the rule stands at. */
  readonly rule: Name;
}

export type Decision = ByRule &
  (
    | { readonly kind: 'block'; readonly action: BlockAction }
    /** `forged`: in the place of what others say of the name. */
    | { readonly kind: 'data'; readonly rrsets: readonly RRset[]; readonly forged?: boolean }
    | { readonly kind: 'pass' }
    /** By UDP only a truncated response. */
    | { readonly kind: 'tcp-only' }
  );

/** What is known of the servers that a name's data comes from: those of its zone and of the zones above it. */
export interface ServerFacts {
  readonly names: readonly Name[];
  readonly addresses: readonly Uint8Array[];
}

/** One loaded list. */
export interface PolicyList {
  readonly name: string;
  readonly rules: number;
  readonly octets: number;
  /** Lines that could not be used, and the first few of them. */
  readonly bad: number;
  readonly firstBad: readonly BadLine[];
  /** By the name that is asked for, or one that an alias leads to. */
  decide(name: Name): Decision | undefined;
  // --- rules that lists of names do not know -----------------------------------------------------------------
  /** Clients that it has rules about. */
  readonly clientNetworks?: readonly Network[];
  /** It has rules about addresses in answers or about name servers, so that a name must be resolved first. */
  readonly judgesAnswers?: boolean;
  readonly judgesServers?: boolean;
  byClient?(client: Uint8Array, name: Name): Decision | undefined;
  byAnswer?(addresses: readonly Uint8Array[], name: Name): Decision | undefined;
  byServers?(servers: ServerFacts, name: Name): Decision | undefined;
}

/** Bad lines of a list that are named; the rest is counted. */
const NAMED_BAD_LINES = 5;
const PASS = 0;
const BLOCK = 1;

export class BadLines {
  count = 0;
  readonly first: BadLine[] = [];

  readonly add = (bad: BadLine): void => {
    this.count++;
    if (this.first.length < NAMED_BAD_LINES) this.first.push(bad);
  };
}

/** A list in one of the simple formats; everything it blocks is answered by `action`. */
export function blockList(name: string, text: string, format: ListFormat, action: BlockAction): PolicyList {
  return finishSteps(blockListSteps(name, [text], format, action));
}

/** Rules between two pauses of a load in steps: a fraction of a millisecond. */
const RULES_PER_STEP = 500;

/**
 * The same in steps of some hundred rules, for a program that has to answer meanwhile.
 * @param text in pieces of any size, cut anywhere
 * @param textOctets about how long it is
 */
export function* blockListSteps(
  name: string,
  text: Iterable<string>,
  format: ListFormat,
  action: BlockAction,
  textOctets = 0,
): Generator<void, PolicyList> {
  const bad = new BadLines();
  const blocked = new NameTableBuilder(textOctets);
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
