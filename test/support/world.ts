/**
 * A mock internet in a few lines, for scenarios: zones by apex and address, signed if wanted, and forgers.
 *
 * `zone('test.', '192.0.2.2', 'www A 198.51.100.1')` needs no SOA and no apex NS: `@ SOA`, `@ NS ns` and the
 * addresses of `ns` are put in where the text has none. Delegations are written into the parent by hand, so
 * that a test shows what the parent says. TTLs are 3600 where the text has none.
 */

import { Internet, type InternetServer } from '../../src/authority/internet.js';
import type { FaultFields } from '../../src/authority/manifest.js';
import { parseFaults } from '../../src/authority/manifest.js';
import type { ZoneSource } from '../../src/authority/zone-file.js';
import { isSubdomain, labelCount, type Name, parseName, ROOT } from '../../src/dns/name.js';
import { Rcode, RRClass, RRType } from '../../src/dns/registry.js';
import type { RRset } from '../../src/dns/rrset.js';
import type { TrustAnchor } from '../../src/dnssec/anchors.js';
import { type DenialMethod, signZone } from '../../src/dnssec/sign-zone.js';
import { dsRdata } from '../../src/dnssec/signing-key.js';
import type { UpstreamQuery, UpstreamResult } from '../../src/transport/upstream.js';
import type { Message } from '../../src/wire/message.js';
import { Zone } from '../../src/zone/zone.js';
import { type NetOptions, ScenarioNet } from './scenario-net.js';
import { rrsetsOf } from './signed-data.js';
import { fixedKey, NOW_SEC } from './signed-net.js';

export interface WorldZone {
  readonly apex: string;
  readonly addresses: readonly string[];
  readonly text: string;
  /** Undefined: unsigned. */
  readonly denial?: DenialMethod;
  /** Changes the finished zone; undefined drops an RRset. */
  readonly spoil?: (rrset: RRset) => RRset | undefined;
}

export interface WorldOptions extends NetOptions {
  readonly faults?: ReadonlyMap<string, FaultFields>;
}

/** An unsigned zone and where it is served. */
export function zone(apex: string, at: string | readonly string[], text = ''): WorldZone {
  return { apex, addresses: typeof at === 'string' ? [at] : at, text };
}

/** A zone signed with NSEC by a key made from its name; its DS goes into the parent by itself. */
export function signed(
  apex: string,
  at: string | readonly string[],
  text = '',
  spoil?: WorldZone['spoil'],
): WorldZone {
  return { ...zone(apex, at, text), denial: { kind: 'nsec' }, ...(spoil ? { spoil } : {}) };
}

/** A resolver over these zones. Every address is a server; those of the root zone are the hints. */
export function world(zones: readonly WorldZone[], options: WorldOptions = {}): ScenarioNet {
  const { built, anchors } = buildZones(zones);
  const sources = new Map<WorldZone, ZoneSource>();
  for (const [source, made] of built) {
    sources.set(source, { path: undefined, zone: made, stamps: new Map() });
  }
  const addresses = [...new Set(zones.flatMap((z) => z.addresses)), ...(options.faults?.keys() ?? [])];
  const servers = [...new Set(addresses)].map((address): InternetServer => {
    const held = zones.filter((z) => z.addresses.includes(address));
    return {
      id: address,
      name: parseName(serverName(zones, address)),
      addresses: [address],
      faults: parseFaults(options.faults?.get(address) ?? {}),
      sources: held.map((z) => sources.get(z)!),
    };
  });
  const root = zones.find((z) => z.apex === '.');
  const internet = new Internet(53, servers, root?.addresses ?? []);
  return new ScenarioNet(internet, { trustAnchors: anchors, ...options });
}

/** Replaces the text of a zone that the internet of `net` serves. */
export function replaceZone(net: ScenarioNet, next: WorldZone): void {
  const apex = parseName(next.apex);
  const source = net.internet.sources.find((s) => s.zone.apex === apex)!;
  net.internet.replace(source, buildZones([next]).built.get(next)!);
}

function serverName(zones: readonly WorldZone[], address: string): string {
  const index = zones.find((z) => z.apex === '.')?.addresses.indexOf(address) ?? -1;
  return index < 0 ? `ns-${address.replaceAll(/[.:]/g, '-')}.invalid.` : rootServerName(index);
}

function rootServerName(index: number): string {
  return `${String.fromCharCode(97 + index)}.root.`;
}

function buildZones(zones: readonly WorldZone[]): { built: Map<WorldZone, Zone>; anchors: TrustAnchor[] } {
  const built = new Map<WorldZone, Zone>();
  const ds: { name: Name; rrset: RRset }[] = [];
  const deepestFirst = [...zones].sort((a, b) => labels(b) - labels(a));
  for (const source of deepestFirst) {
    const apex = parseName(source.apex);
    const bare = rrsetsOf(completed(source));
    const children = ds.filter((d) => d.name !== apex && isSubdomain(d.name, apex));
    for (const child of children) ds.splice(ds.indexOf(child), 1);
    const times = { inceptionSec: NOW_SEC - 86_400, expirationSec: NOW_SEC + 30 * 86_400 };
    const key = fixedKey(source.apex);
    const whole = source.denial
      ? signZone(apex, [...bare, ...children.map((c) => c.rrset)], {
          keys: [key],
          denial: source.denial,
          ...times,
        })
      : bare;
    const rrsets = source.spoil ? whole.flatMap((rrset) => source.spoil!(rrset) ?? []) : whole;
    built.set(source, new Zone(apex, rrsets.find((r) => r.type === RRType.SOA)!, rrsets));
    if (source.denial) ds.push({ name: apex, rrset: dsOf(apex, dsRdata(apex, key)) });
  }
  const anchors = ds.map(({ name, rrset }) => ({ zone: name, type: RRType.DS, rdata: rrset.rdatas[0]! }));
  return { built, anchors };
}

function labels(source: WorldZone): number {
  return labelCount(parseName(source.apex));
}

function dsOf(name: Name, rdata: string): RRset {
  return {
    name,
    type: RRType.DS,
    class: RRClass.IN,
    ttlSec: 3600,
    rdatas: [rdata as RRset['rdatas'][number]],
    signatures: [],
  };
}

function completed({ apex, addresses, text }: WorldZone): string {
  const isRoot = parseName(apex) === ROOT;
  const own: string[] = [`$ORIGIN ${apex}`, '$TTL 3600'];
  if (!/^@\s.*\bSOA\b/m.test(text)) own.push('@ 3600 IN SOA ns.invalid. host.invalid. 1 3600 600 86400 900');
  if (!/^@\s.*\bNS\b/m.test(text)) {
    addresses.forEach((address, i) => {
      const name = isRoot ? rootServerName(i) : `${i === 0 ? 'ns' : `ns${i + 1}`}`;
      own.push(`@ IN NS ${name}`, `${name} IN ${address.includes(':') ? 'AAAA' : 'A'} ${address}`);
    });
  }
  return [...own, ...text.split('\n').map((line) => line.trim())].join('\n');
}

/** Sections as records in presentation form. */
export interface ReplyParts {
  readonly rcode?: keyof typeof Rcode;
  readonly aa?: boolean;
  readonly tc?: boolean;
  readonly ra?: boolean;
  readonly answer?: string;
  readonly authority?: string;
  readonly additional?: string;
  /** False: the server does not do EDNS. */
  readonly edns?: boolean;
  readonly sizeOctets?: number;
}

/** A response as the network would hand it over, made by hand: what a forger or a broken server says. */
export function reply(query: UpstreamQuery, parts: ReplyParts): UpstreamResult {
  const section = (text: string | undefined) => (text === undefined ? [] : rrsetsOf(text));
  const { question } = query;
  const message: Message = {
    id: 1,
    qr: true,
    opcode: 0,
    aa: parts.aa ?? true,
    tc: parts.tc ?? false,
    rd: query.rd,
    ra: parts.ra ?? false,
    ad: false,
    cd: query.cd,
    rcode: Rcode[parts.rcode ?? 'NOERROR'],
    questions: [{ ...question, spelling: question.name }],
    answer: section(parts.answer),
    authority: section(parts.authority),
    additional: section(parts.additional),
    edns:
      query.edns && parts.edns !== false
        ? { version: 0, udpSize: 1232, do: query.edns.do, options: [] }
        : undefined,
  };
  return { kind: 'response', message, sizeOctets: parts.sizeOctets ?? 100, rttMs: 10, caseMatched: true };
}
