/**
 * A response policy zone: rules about names, clients, addresses in answers, and name servers.
 *
 * draft-vixie-dnsop-dns-rpz: of the rules of one kind the longest name or prefix holds, an exact name before a wildcard;
 * which kind comes first is decided in policy.ts. Actions: NXDOMAIN, NODATA, passthru, drop, TCP only, and local data,
 * among it aliases, into whose wildcard the asked name goes.
 * Limitations: records that only control zone transfers mean nothing here.
 */
import {
  isWildcard,
  MAX_NAME_OCTETS,
  type Name,
  type Octets,
  parentName,
  ROOT,
  toName,
} from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { RRset } from '../dns/rrset.js';
import type { Network } from '../runtime/networks.js';
import type { ZoneRecord } from '../zone/record.js';
import type { BadLine } from './list-formats.js';
import { type NameTable, NameTableBuilder } from './name-table.js';
import { NetworkTable } from './network-table.js';
import { type Trigger, triggerOf } from './rpz-triggers.js';
import { BadLines, type BlockAction, type Decision, type PolicyList, type ServerFacts } from './rules.js';

const actions: readonly BlockAction[] = ['nxdomain', 'nodata', 'drop'];
/** In the tables: index into `actions`, or these. */
const PASS = 100;
const DATA = 101;
const TCP_ONLY = 102;

/** A rule about addresses: what to do, and its owner name. */
interface AddressRule {
  readonly code: number;
  readonly rule: Name;
}

/** Rules about names, exact and wildcard apart: the same name may have both. */
class NameRules {
  private readonly exact = new NameTableBuilder();
  private readonly below = new NameTableBuilder();
  private readonly parents = new NameTableBuilder();

  add(name: Name, reach: 'name' | 'below', code: number): void {
    (reach === 'name' ? this.exact : this.below).add({ name, reach, rule: code });
  }

  /** To be called with every name once all are added: names between the apex and rules exist as well. */
  addParents(name: Name): void {
    for (let at = name; at !== ROOT; ) {
      at = parentName(at);
      if (this.exact.has(at) || this.parents.has(at)) return;
      this.parents.add({ name: at, reach: 'name', rule: 0 });
    }
  }

  build(): BuiltNameRules {
    return new BuiltNameRules(this.exact.build(), this.below.build(), this.parents.build());
  }
}

class BuiltNameRules {
  constructor(
    private readonly exact: NameTable,
    private readonly below: NameTable,
    /** Names that have rules below them and none of their own. */
    private readonly parents: NameTable,
  ) {}

  get size(): number {
    return this.exact.size + this.below.size;
  }

  get octets(): number {
    return this.exact.octets + this.below.octets + this.parents.octets;
  }

  /**
   * What to do, and the name as the rule writes it. A wildcard stands for names of which nothing nearer exists in the zone
   * (RFC 4592 3.3.1).
   */
  find(name: Name): AddressRule | undefined {
    const exact = this.exact.find(name);
    if (exact) return { code: exact.rule, rule: exact.name };
    const below = this.below.find(name);
    if (!below || below.name === name || this.parents.find(name)) return undefined;
    const encloser = Math.max(this.exact.lengthOfAbove(name), this.parents.lengthOfAbove(name));
    if (encloser > below.name.length) return undefined;
    return { code: below.rule, rule: `\x01*${below.name}` as Name };
  }
}

export class ResponsePolicyZone implements PolicyList {
  readonly rules: number;
  readonly octets: number;
  readonly bad: number;
  readonly firstBad: readonly BadLine[];
  private readonly qnames: BuiltNameRules;
  private readonly serverNames: BuiltNameRules;
  private readonly networks = {
    'client-ip': new NetworkTable<AddressRule>(),
    ip: new NetworkTable<AddressRule>(),
    nsip: new NetworkTable<AddressRule>(),
  };
  /** Local data by the owner of the rule. */
  private readonly data = new Map<Name, ZoneRecord[]>();

  /**
   * @param name    what to call it
   * @param apex    name of the zone, which rules are relative to
   * @param records all of its records
   * @param unreadable lines that were no records
   */
  constructor(
    readonly name: string,
    apex: Name,
    records: readonly ZoneRecord[],
    unreadable: readonly BadLine[] = [],
  ) {
    const bad = new BadLines();
    for (const line of unreadable) bad.add(line);
    const names = { qname: new NameRules(), nsdname: new NameRules() };
    const owners: [kind: 'qname' | 'nsdname', name: Name][] = [];
    for (const record of records) {
      const found = triggerOf(record.name, apex);
      if (found === undefined) continue;
      if (typeof found === 'string') {
        bad.add({ line: record.line, why: found });
        continue;
      }
      const { trigger, rule } = found;
      this.addRule(trigger, rule, record, names);
      if ('name' in trigger) owners.push([trigger.kind, trigger.name]);
    }
    for (const [kind, name] of owners) names[kind].addParents(name);
    this.qnames = names.qname.build();
    this.serverNames = names.nsdname.build();
    const networks = Object.values(this.networks).reduce((sum, table) => sum + table.size, 0);
    this.rules = this.qnames.size + this.serverNames.size + networks;
    this.octets = this.qnames.octets + this.serverNames.octets;
    this.bad = bad.count;
    this.firstBad = bad.first;
  }

  private addRule(
    trigger: Trigger,
    rule: Name,
    record: ZoneRecord,
    names: { readonly qname: NameRules; readonly nsdname: NameRules },
  ): void {
    const code = codeOf(record);
    if (code === DATA) this.data.set(rule, [...(this.data.get(rule) ?? []), record]);
    if ('network' in trigger) this.networks[trigger.kind].add(trigger.network, { code, rule });
    else names[trigger.kind].add(trigger.name, trigger.reach, code);
  }

  get clientNetworks(): readonly Network[] {
    return this.networks['client-ip'].networks;
  }

  get judgesAnswers(): boolean {
    return this.networks.ip.size + this.networks.nsip.size + this.serverNames.size > 0;
  }

  get judgesServers(): boolean {
    return this.networks.nsip.size + this.serverNames.size > 0;
  }

  decide(name: Name): Decision | undefined {
    const found = this.qnames.find(name);
    return found && this.decision(found, name);
  }

  byClient(client: Uint8Array, name: Name): Decision | undefined {
    const found = this.networks['client-ip'].find(client);
    return found && this.decision(found.rule, name);
  }

  byAnswer(addresses: readonly Uint8Array[], name: Name): Decision | undefined {
    const rule = longest(this.networks.ip, addresses);
    return rule && this.decision(rule, name);
  }

  byServers({ names, addresses }: ServerFacts, name: Name): Decision | undefined {
    let best: AddressRule | undefined;
    for (const server of names) {
      const found = this.serverNames.find(server);
      if (found && (best === undefined || found.rule.length > best.rule.length)) best = found;
    }
    if (best) return this.decision({ code: best.code, rule: nsdnameOf(best.rule) }, name);
    const rule = longest(this.networks.nsip, addresses);
    return rule && this.decision(rule, name);
  }

  private decision({ code, rule }: AddressRule, name: Name): Decision {
    const by = { list: this.name, rule };
    if (code === PASS) return { kind: 'pass', ...by };
    if (code === TCP_ONLY) return { kind: 'tcp-only', ...by };
    if (code !== DATA) return { kind: 'block', action: actions[code]!, ...by };
    return { kind: 'data', rrsets: rrsetsOf(this.data.get(rule) ?? [], name), forged: true, ...by };
  }
}

function longest(
  table: NetworkTable<AddressRule>,
  addresses: readonly Uint8Array[],
): AddressRule | undefined {
  let best: { readonly rule: AddressRule; readonly bits: number } | undefined;
  for (const address of addresses) {
    const found = table.find(address);
    if (found && (best === undefined || found.bits > best.bits)) best = found;
  }
  return best?.rule;
}

function nsdnameOf(rule: Name): Name {
  return `${rule.slice(0, -1)}\x0brpz-nsdname\0` as Name;
}

function codeOf(record: ZoneRecord): number {
  if (record.type !== RRType.CNAME) return DATA;
  switch (toName(record.rdata)) {
    case '\0':
      return actions.indexOf('nxdomain');
    case '\x01*\0':
      return actions.indexOf('nodata');
    case '\x08rpz-drop\0':
      return actions.indexOf('drop');
    case '\x0crpz-passthru\0':
      return PASS;
    case '\x0crpz-tcp-only\0':
      return TCP_ONLY;
    default:
      return DATA;
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
