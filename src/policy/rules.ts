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
import { type BadLine, BadLines, type ListFormat, readList } from './list-formats.js';
import { NameTable, NameTableBuilder, type NameTableImage } from './name-table.js';

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

const PASS = 0;
const BLOCK = 1;

/** A list of names as it travels between threads. */
export interface BlockListImage {
  readonly kind: 'names';
  readonly name: string;
  readonly action: BlockAction;
  readonly blocks: NameTableImage;
  readonly passes: NameTableImage;
  readonly bad: number;
  readonly firstBad: readonly BadLine[];
}

/**
 * Reads a list in one of the simple formats; everything it blocks is answered by `action`.
 * @param text in pieces of any size, cut anywhere
 * @param textOctets about how long it is
 */
export function readBlockList(
  name: string,
  text: Iterable<string>,
  format: ListFormat,
  action: BlockAction,
  textOctets = 0,
): BlockListImage {
  const bad = new BadLines();
  const blocked = new NameTableBuilder(textOctets);
  const passed = new NameTableBuilder();
  for (const rule of readList(text, format, bad.add)) {
    (rule.blocks ? blocked : passed).add({
      name: rule.name,
      reach: rule.reach,
      rule: rule.blocks ? BLOCK : PASS,
    });
  }
  return {
    kind: 'names',
    name,
    action,
    blocks: blocked.build(),
    passes: passed.build(),
    bad: bad.count,
    firstBad: bad.first,
  };
}

/** A list in one of the simple formats, from text. */
export function blockList(name: string, text: string, format: ListFormat, action: BlockAction): PolicyList {
  return new BlockList(readBlockList(name, [text], format, action));
}

export class BlockList implements PolicyList {
  readonly name: string;
  readonly bad: number;
  readonly firstBad: readonly BadLine[];
  private readonly action: BlockAction;
  private readonly blocks: NameTable;
  private readonly passes: NameTable;

  constructor(image: BlockListImage) {
    this.name = image.name;
    this.bad = image.bad;
    this.firstBad = image.firstBad;
    this.action = image.action;
    this.blocks = new NameTable(image.blocks);
    this.passes = new NameTable(image.passes);
  }

  get rules(): number {
    return this.blocks.size + this.passes.size;
  }

  get octets(): number {
    return this.blocks.octets + this.passes.octets;
  }

  decide(question: Name): Decision | undefined {
    const { name: list, action } = this;
    const pass = this.passes.find(question);
    if (pass) return { kind: 'pass', list, rule: pass.name };
    const hit = this.blocks.find(question);
    return hit && { kind: 'block', action, list, rule: hit.name };
  }
}
