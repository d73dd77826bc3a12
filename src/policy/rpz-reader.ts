/**
 * Reads a response policy zone into tables that any thread can decide by (rpz.ts).
 *
 * draft-vixie-dnsop-dns-rpz 4. Every record is a rule, or a part of one where it is local data; one that cannot be a rule is
 * counted with its line, and the rest holds.
 * Limitations: records that only control zone transfers mean nothing here.
 */
import { type Name, type Octets, parentName, ROOT, toName } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { RRset } from '../dns/rrset.js';
import type { Network } from '../runtime/networks.js';
import { PackedMapBuilder, type PackedMapImage } from '../runtime/packed-map.js';
import { packRRsets } from '../wire/rrset-octets.js';
import type { ZoneRecord } from '../zone/record.js';
import { type BadLine, BadLines } from './list-formats.js';
import { NameTableBuilder, type NameTableImage } from './name-table.js';
import { NetworkTableBuilder, type NetworkTableImage } from './network-table.js';
import { type Trigger, triggerOf } from './rpz-triggers.js';
import type { BlockAction } from './rules.js';

export const actions: readonly BlockAction[] = ['nxdomain', 'nodata', 'drop'];
/** In the tables: index into `actions`, or these. */
export const PASS = 100;
export const DATA = 101;
export const TCP_ONLY = 102;

export interface NameRulesImage {
  readonly exact: NameTableImage;
  readonly below: NameTableImage;
  readonly parents: NameTableImage;
}

/** A zone as it travels between threads. */
export interface RpzImage {
  readonly kind: 'rpz';
  readonly name: string;
  readonly bad: number;
  readonly firstBad: readonly BadLine[];
  readonly qnames: NameRulesImage;
  readonly serverNames: NameRulesImage;
  readonly networks: Readonly<Record<AddressKind, NetworkTableImage>>;
  readonly clientNetworks: readonly Network[];
  /** Local data by the owner of the rule. */
  readonly data: PackedMapImage;
}

export type AddressKind = 'client-ip' | 'ip' | 'nsip';

/**
 * Reads a zone from its records.
 * @param name    what to call it
 * @param apex    name of the zone, which rules are relative to
 * @param records all of its records
 * @param unreadable lines that were no records
 */
export function readRpz(
  name: string,
  apex: Name,
  records: readonly ZoneRecord[],
  unreadable: readonly BadLine[] = [],
): RpzImage {
  const reader = new RpzReader();
  reader.begin(apex);
  for (const record of records) reader.take(record);
  return reader.image(name, unreadable);
}

/** Takes a zone record by record. */
export class RpzReader {
  /** Name of the zone; undefined until its SOA has come, or somebody has said it. */
  private apex: Name | undefined;
  /** Records that came before. */
  private early: ZoneRecord[] = [];
  private readonly bad = new BadLines();
  private readonly names = { qname: new NameRulesBuilder(), nsdname: new NameRulesBuilder() };
  private readonly networks = {
    'client-ip': new NetworkTableBuilder(),
    ip: new NetworkTableBuilder(),
    nsip: new NetworkTableBuilder(),
  };
  private readonly clients = new Map<string, Network>();
  private readonly data = new Map<Name, ZoneRecord[]>();

  get hasApex(): boolean {
    return this.apex !== undefined;
  }

  begin(apex: Name): void {
    this.apex = apex;
    const { early } = this;
    this.early = [];
    for (const record of early) this.take(record);
  }

  readonly take = (record: ZoneRecord): void => {
    if (this.apex === undefined && record.type === RRType.SOA) this.begin(record.name);
    if (this.apex === undefined) {
      this.early.push(record);
      return;
    }
    const found = triggerOf(record.name, this.apex);
    if (found === undefined) return;
    if (typeof found === 'string') this.bad.add({ line: record.line, why: found });
    else this.add(found.trigger, found.rule, record);
  };

  private add(trigger: Trigger, rule: Name, record: ZoneRecord): void {
    const code = codeOf(record);
    if (code === DATA) this.addData(rule, record);
    if ('network' in trigger) {
      const { kind, network } = trigger;
      if (kind === 'client-ip') this.clients.set(network.text, network);
      this.networks[kind].add(network, String.fromCharCode(code) + rule);
    } else {
      this.names[trigger.kind].add(trigger.name, trigger.reach, code);
    }
  }

  private addData(rule: Name, record: ZoneRecord): void {
    const known = this.data.get(rule);
    if (known) known.push(record);
    else this.data.set(rule, [record]);
  }

  /** @param unreadable lines that were no records */
  image(name: string, unreadable: readonly BadLine[]): RpzImage {
    const all = new BadLines();
    for (const line of [...unreadable, ...this.bad.first]) all.add(line);
    const data = new PackedMapBuilder();
    for (const [rule, records] of this.data) data.add(rule, packRRsets(byType(records)));
    const { bad, names, networks } = this;
    return {
      kind: 'rpz',
      name,
      bad: unreadable.length + bad.count,
      firstBad: all.first,
      qnames: names.qname.build(),
      serverNames: names.nsdname.build(),
      networks: {
        'client-ip': networks['client-ip'].build(),
        ip: networks.ip.build(),
        nsip: networks.nsip.build(),
      },
      clientNetworks: [...this.clients.values()],
      data: data.build(),
    };
  }
}

/** The records of a rule as RRsets; the last TTL of a type holds. */
function byType(records: readonly ZoneRecord[]): Iterable<Omit<RRset, 'name'>> {
  const sets = new Map<number, Omit<RRset, 'name'> & { readonly rdatas: Octets[] }>();
  for (const { type, class: rrClass, ttlSec, rdata } of records) {
    const rdatas = sets.get(type)?.rdatas ?? [];
    rdatas.push(rdata);
    sets.set(type, { type, class: rrClass, ttlSec, rdatas, signatures: [] });
  }
  return sets.values();
}

/** Rules about names, exact and wildcard apart: the same name may have both. */
class NameRulesBuilder {
  private readonly exact = new NameTableBuilder();
  private readonly below = new NameTableBuilder();
  private readonly parents = new NameTableBuilder();

  add(name: Name, reach: 'name' | 'below', code: number): void {
    (reach === 'name' ? this.exact : this.below).add({ name, reach, rule: code });
  }

  /** Names between the apex and rules exist as well. To be called once all of these are there. */
  private addParents(name: Name): void {
    for (let at = name; at !== ROOT; ) {
      at = parentName(at);
      if (this.exact.has(at) || this.parents.has(at)) return;
      this.parents.add({ name: at, reach: 'name', rule: 0 });
    }
  }

  build(): NameRulesImage {
    for (const name of this.exact.names()) this.addParents(name);
    for (const name of this.below.names()) this.addParents(name);
    return { exact: this.exact.build(), below: this.below.build(), parents: this.parents.build() };
  }
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
