/**
 * Zones as a test writes them, with all that is tedious left out: SOA, name servers, delegations, a root.
 *
 * `{ 'example.com': 'www A 192.0.2.80' }` becomes a root zone that delegates example.com to a server of its
 * own. A zone below another of the list is delegated by that one. Whatever a text does give (an SOA, NS at
 * its apex, a delegation of its own making) is left as it is.
 * Limitations: name servers that a text names itself must have their addresses in the same text; anything
 * more involved is written with `servers`.
 */
import { readFileSync } from 'node:fs';
import type { InternetServer } from '../../authority/internet.js';
import { InternetError } from '../../authority/internet-error.js';
import { type FaultFields, parseFaults } from '../../authority/manifest.js';
import {
  formatName,
  isSubdomain,
  type Name,
  type Octets,
  parentName,
  parseName,
  ROOT,
  toName,
} from '../../dns/name.js';
import { RRType } from '../../dns/registry.js';
import { formatIpv4, formatIpv6 } from '../../wire/rdata/address.js';
import { loadZoneText } from '../../zone/build.js';
import { parseZoneText } from '../../zone/parse.js';
import type { ZoneRecord } from '../../zone/record.js';
import type { Zone } from '../../zone/zone.js';
import { formatZoneError } from '../../zone/zone-error.js';

/** A zone of a mock internet: its records, and what is wrong with its server. */
export type SimpleZone = string | { readonly records: string; readonly faults?: FaultFields };

/** A zone, its server, and what has to be added to its text. */
interface Draft {
  readonly apex: Name;
  readonly text: string;
  /** Columns taken off each line of the text. */
  readonly indent: number;
  readonly faults: FaultFields;
  readonly records: readonly ZoneRecord[];
  readonly nameServers: readonly Name[];
  readonly addresses: readonly string[];
  /** SOA and name servers, where the text has none. */
  readonly own: readonly string[];
  /** NS records and glue of the zones below. */
  delegations: string[];
}

/** Where the text of a zone stands for the parser, so that errors count its lines and not ours. */
const RECORDS = '/(records)';
const PRELUDE = `$TTL 300\n$INCLUDE "${RECORDS}"\n`;

export class SimpleZones {
  private readonly drafts: Map<Name, Draft>;

  /**
   * @param zones records by apex; relative names end in the apex
   * @throws {InternetError} BAD_ZONE
   */
  constructor(zones: Readonly<Record<string, SimpleZone>>) {
    const given = new Map(Object.entries(zones).map(([apex, zone]) => [parseName(apex), zone]));
    if (!given.has(ROOT)) given.set(ROOT, '');
    this.drafts = new Map([...given].map(([apex, zone], i) => [apex, draftOf(apex, zone, addressNumber(i))]));
    for (const draft of this.drafts.values()) this.delegate(draft);
  }

  /** @throws {InternetError} BAD_ZONE with line and column of all that is wrong */
  servers(): InternetServer[] {
    return [...this.drafts.values()].map((draft) => ({
      id: formatName(draft.apex),
      name: draft.nameServers[0]!,
      addresses: draft.addresses,
      faults: parseFaults(draft.faults),
      sources: [{ path: undefined, zone: zoneOf(draft), stamps: new Map() }],
    }));
  }

  /** The zone with other records. Its server and what it delegates stay. @throws {InternetError} BAD_ZONE */
  edited(apex: Name, records: string): Zone {
    const old = this.drafts.get(apex)!;
    const draft = draftOf(apex, records, old.addresses[0]!);
    draft.delegations = old.delegations;
    const zone = zoneOf(draft);
    this.drafts.set(apex, { ...draft, addresses: old.addresses });
    return zone;
  }

  /** Adds the delegation to the zone above, with glue, unless that has one of its own. */
  private delegate(child: Draft): void {
    if (child.apex === ROOT) return;
    let above = parentName(child.apex);
    while (!this.drafts.has(above)) above = parentName(above);
    const parent = this.drafts.get(above)!;
    if (parent.records.some(({ name, type }) => name === child.apex && type === RRType.NS)) return;
    const lines = child.nameServers.flatMap((server) => [
      line(child.apex, 'NS', formatName(server)),
      ...(isSubdomain(server, above) ? child.addresses.map((address) => glue(server, address)) : []),
    ]);
    parent.delegations.push(...lines);
  }
}

function draftOf(apex: Name, zone: SimpleZone, ownAddress: string): Draft {
  const { records: given, faults = {} } = typeof zone === 'string' ? { records: zone } : zone;
  const indent = commonIndent(given);
  const text = given.replaceAll(new RegExp(`^[ \\t]{${indent}}`, 'gm'), '');
  const { records } = parseZoneText(PRELUDE, { origin: apex, readFile: reading(text) });
  const hasSoa = records.some(({ name, type }) => name === apex && type === RRType.SOA);
  const named = records
    .filter(({ name, type }) => name === apex && type === RRType.NS)
    .map(({ rdata }) => toName(rdata));
  const nameServers = named.length > 0 ? named : [parseName('ns', apex)];
  const found = records.filter(({ name }) => nameServers.includes(name)).flatMap(addressOf);
  if (named.length > 0 && found.length === 0) {
    const message = `${formatName(apex)}: none of its name servers has an address in the zone; describe it with \`servers\``;
    throw new InternetError('BAD_ZONE', message);
  }
  const primary = formatName(nameServers[0]!);
  const own: string[] = [];
  if (!hasSoa)
    own.push(
      line(apex, 'SOA', `${primary} ${formatName(parseName('hostmaster', apex))} 1 3600 600 86400 60`),
    );
  if (named.length === 0) own.push(line(apex, 'NS', primary));
  if (found.length === 0) own.push(glue(nameServers[0]!, ownAddress));
  const addresses = found.length > 0 ? found : [ownAddress];
  return { apex, text, indent, faults, records, nameServers, addresses, own, delegations: [] };
}

/** @throws {InternetError} BAD_ZONE */
function zoneOf({ apex, text, indent, own, delegations }: Draft): Zone {
  const whole = `${PRELUDE}${[...own, ...delegations].join('\n')}\n`;
  const { zone, problems } = loadZoneText(whole, { origin: apex, readFile: reading(text) });
  if (zone) return zone;
  const file = `zone ${formatName(apex)}`;
  throw new InternetError(
    'BAD_ZONE',
    problems
      .map((problem) => formatZoneError({ ...problem, file, column: problem.column + indent }))
      .join('\n'),
  );
}

/** Texts in code are indented as a whole, which in a master file would leave every line without owner. */
function commonIndent(text: string): number {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const indents = lines.map((line) => line.length - line.trimStart().length);
  return indents.length === 0 ? 0 : Math.min(...indents);
}

function reading(text: string): (path: string) => Octets {
  return (path) =>
    path === RECORDS ? Buffer.from(text, 'utf8').toString('latin1') : readFileSync(path, 'latin1');
}

function line(owner: Name, type: string, rdata: string): string {
  return `${formatName(owner)} 3600 IN ${type} ${rdata}`;
}

function glue(server: Name, address: string): string {
  return line(server, address.includes(':') ? 'AAAA' : 'A', address);
}

/** Loopback addresses, so that the same internet can also be put on sockets. */
function addressNumber(i: number): string {
  return `127.54.${i >> 8}.${(i & 255) + 1}`;
}

function addressOf({ type, rdata }: ZoneRecord): string[] {
  if (type === RRType.A) return [formatIpv4(rdata)];
  return type === RRType.AAAA ? [formatIpv6(rdata)] : [];
}
