/**
 * A response policy zone: rules about names, clients, addresses in answers, and name servers.
 *
 * draft-vixie-dnsop-dns-rpz: of the rules of one kind the longest name or prefix holds, an exact name before a wildcard;
 * which kind comes first is decided in policy.ts. Actions: NXDOMAIN, NODATA, passthru, drop, TCP only, and local data,
 * among it aliases, into whose wildcard the asked name goes.
 * Its tables lie in memory that threads share; rpz-reader.ts makes them.
 */
import { isWildcard, MAX_NAME_OCTETS, type Name, type Octets, toName } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { RRset } from '../dns/rrset.js';
import type { Network } from '../runtime/networks.js';
import { PackedMap } from '../runtime/packed-map.js';
import { unpackRRsets } from '../wire/rrset-octets.js';
import type { BadLine } from './list-formats.js';
import { NameTable } from './name-table.js';
import { type NetworkHit, NetworkTable } from './network-table.js';
import {
  type AddressKind,
  actions,
  DATA,
  type NameRulesImage,
  PASS,
  type RpzImage,
  readRpz,
  TCP_ONLY,
} from './rpz-reader.js';
import type { Decision, PolicyList, ServerFacts } from './rules.js';

/** What to do, and by which rule. */
interface FoundRule {
  readonly code: number;
  readonly rule: Name;
}

class NameRules {
  private readonly exact: NameTable;
  private readonly below: NameTable;
  /** Names that have rules below them and none of their own. */
  private readonly parents: NameTable;

  constructor({ exact, below, parents }: NameRulesImage) {
    this.exact = new NameTable(exact);
    this.below = new NameTable(below);
    this.parents = new NameTable(parents);
  }

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
  find(name: Name): FoundRule | undefined {
    const exact = this.exact.find(name);
    if (exact) return { code: exact.rule, rule: exact.name };
    const below = this.below.find(name);
    if (!below || below.name === name || this.parents.find(name)) return undefined;
    const encloser = Math.max(this.exact.lengthOfAbove(name), this.parents.lengthOfAbove(name));
    if (encloser > below.name.length) return undefined;
    return { code: below.rule, rule: `\x01*${below.name}` as Name };
  }
}

/** A zone of these records; see `readRpz`. */
export function responsePolicyZone(...zone: Parameters<typeof readRpz>): ResponsePolicyZone {
  return new ResponsePolicyZone(readRpz(...zone));
}

export class ResponsePolicyZone implements PolicyList {
  readonly name: string;
  readonly bad: number;
  readonly firstBad: readonly BadLine[];
  readonly clientNetworks: readonly Network[];
  private readonly qnames: NameRules;
  private readonly serverNames: NameRules;
  private readonly networks: Readonly<Record<AddressKind, NetworkTable>>;
  private readonly data: PackedMap;

  constructor(image: RpzImage) {
    this.name = image.name;
    this.bad = image.bad;
    this.firstBad = image.firstBad;
    this.clientNetworks = image.clientNetworks;
    this.qnames = new NameRules(image.qnames);
    this.serverNames = new NameRules(image.serverNames);
    this.networks = {
      'client-ip': new NetworkTable(image.networks['client-ip']),
      ip: new NetworkTable(image.networks.ip),
      nsip: new NetworkTable(image.networks.nsip),
    };
    this.data = new PackedMap(image.data);
  }

  get rules(): number {
    const networks = Object.values(this.networks).reduce((sum, table) => sum + table.size, 0);
    return this.qnames.size + this.serverNames.size + networks;
  }

  get octets(): number {
    const networks = Object.values(this.networks).reduce((sum, table) => sum + table.sizeOctets, 0);
    return this.qnames.octets + this.serverNames.octets + networks + this.data.sizeOctets;
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
    return found && this.decision(addressRule(found), name);
  }

  byAnswer(addresses: readonly Uint8Array[], name: Name): Decision | undefined {
    const rule = longest(this.networks.ip, addresses);
    return rule && this.decision(rule, name);
  }

  byServers({ names, addresses }: ServerFacts, name: Name): Decision | undefined {
    let best: FoundRule | undefined;
    for (const server of names) {
      const found = this.serverNames.find(server);
      if (found && (best === undefined || found.rule.length > best.rule.length)) best = found;
    }
    if (best) return this.decision({ code: best.code, rule: nsdnameOf(best.rule) }, name);
    const rule = longest(this.networks.nsip, addresses);
    return rule && this.decision(rule, name);
  }

  private decision({ code, rule }: FoundRule, name: Name): Decision {
    const by = { list: this.name, rule };
    if (code === PASS) return { kind: 'pass', ...by };
    if (code === TCP_ONLY) return { kind: 'tcp-only', ...by };
    if (code !== DATA) return { kind: 'block', action: actions[code]!, ...by };
    return { kind: 'data', rrsets: rrsetsOf(this.data.get(rule) ?? '', name), forged: true, ...by };
  }
}

function longest(table: NetworkTable, addresses: readonly Uint8Array[]): FoundRule | undefined {
  let best: NetworkHit | undefined;
  for (const address of addresses) {
    const found = table.find(address);
    if (found && (best === undefined || found.bits > best.bits)) best = found;
  }
  return best && addressRule(best);
}

function addressRule({ rule }: NetworkHit): FoundRule {
  return { code: rule.charCodeAt(0), rule: toName(rule.slice(1)) };
}

function nsdnameOf(rule: Name): Name {
  return `${rule.slice(0, -1)}\x0brpz-nsdname\0` as Name;
}

/** Local data under the name that was asked. An alias to a wildcard puts that name in front of it. */
function rrsetsOf(packed: Octets, name: Name): RRset[] {
  return unpackRRsets(packed, name).flatMap((rrset) => {
    if (rrset.type !== RRType.CNAME) return [rrset];
    const rdatas = rrset.rdatas.flatMap((target) => targetFor(target, name) ?? []);
    return rdatas.length > 0 ? [{ ...rrset, rdatas }] : [];
  });
}

/** Undefined: the name would be too long. */
function targetFor(target: Octets, name: Name): Octets | undefined {
  if (!isWildcard(toName(target))) return target;
  const made = name.slice(0, -1) + target.slice(2);
  return made.length > MAX_NAME_OCTETS ? undefined : made;
}
