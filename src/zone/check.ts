/**
 * Semantic checks of a zone that was read: what the grammar allows and the DNS does not.
 *
 * Errors are what no server could answer right from (RFC 1034 3.6.2, 2181 10.1, 6672 2.4); what works, yet
 * surely is not meant (missing glue, NS to an alias) is a warning. Called by build.ts.
 * Limitations: signatures and NSEC chains are not verified here; zones broken on purpose must load.
 */
import { formatName, isStrictSubdomain, isSubdomain, type Name } from '../dns/name.js';
import { formatType, RRType } from '../dns/registry.js';
import type { RRset } from '../dns/rrset.js';
import { addressTargetOf } from './rdata-target.js';
import type { Zone, ZoneNode } from './zone.js';
import { type Place, type ZoneError, type ZoneErrorCode, zoneError, zoneWarning } from './zone-error.js';

/** Where the first record of an RRset stands. */
export type Places = ReadonlyMap<RRset, Place>;

/** One check of one RRset. Adding one: write it, add it to the list below. */
type Check = (rrset: RRset, zone: Zone, report: Report) => void;
interface Report {
  error(code: ZoneErrorCode, message: string): void;
  warning(code: ZoneErrorCode, message: string): void;
}

const checks: readonly Check[] = [checkAlias, checkSingle, checkDname, checkDs, checkOcclusion, checkTargets];

/** @param places where each RRset of the zone stands */
export function checkZone(zone: Zone, places: Places): ZoneError[] {
  const problems: ZoneError[] = [];
  const soaPlace = places.get(zone.soa)!;
  if (!zone.rrset(zone.apex, RRType.NS)) {
    problems.push(zoneError('NO_APEX_NS', soaPlace, `${formatName(zone.apex)} has no NS records`));
  }
  for (const rrset of zone.rrsets()) {
    const report = reportAt(places.get(rrset) ?? soaPlace, problems);
    for (const check of checks) check(rrset, zone, report);
  }
  return problems;
}

function reportAt(place: Place, problems: ZoneError[]): Report {
  return {
    error: (code, message) => problems.push(zoneError(code, place, message)),
    warning: (code, message) => problems.push(zoneWarning(code, place, message)),
  };
}

/** RFC 1034 3.6.2, with the DNSSEC types of RFC 4035 2.5 allowed. */
const besideAlias = new Set<number>([RRType.CNAME, RRType.RRSIG, RRType.NSEC, RRType.KEY, RRType.NXT]);

function checkAlias(rrset: RRset, zone: Zone, report: Report): void {
  if (rrset.type !== RRType.CNAME) return;
  const other = [...zone.node(rrset.name)!.keys()].find((type) => !besideAlias.has(type));
  if (other === undefined) return;
  const message = `${formatName(rrset.name)} has a CNAME and also ${formatType(other)}; an alias has nothing else`;
  report.error('CNAME_AND_OTHER_DATA', message);
}

function checkSingle(rrset: RRset, _zone: Zone, report: Report): void {
  if (rrset.rdatas.length < 2) return;
  const name = formatName(rrset.name);
  if (rrset.type === RRType.CNAME) report.error('MULTIPLE_CNAME', `${name} has more than one CNAME`);
  if (rrset.type === RRType.DNAME) report.error('MULTIPLE_DNAME', `${name} has more than one DNAME`);
}

/** RFC 6672 2.4: what is below a DNAME can never be answered. */
function checkDname(rrset: RRset, zone: Zone, report: Report): void {
  const dname = rrset.type === RRType.NSEC3 ? undefined : zone.dnameAbove(rrset.name);
  if (!dname) return;
  const message = `${formatName(rrset.name)} is below the DNAME at ${formatName(dname.name)} and cannot be reached`;
  report.warning('DATA_BELOW_DNAME', message);
}

function checkDs(rrset: RRset, zone: Zone, report: Report): void {
  if (rrset.type !== RRType.DS || zone.rrset(rrset.name, RRType.NS)) return;
  report.warning('DS_WITHOUT_NS', `${formatName(rrset.name)} has DS but no NS: it is no zone cut`);
}

/** What may stand at a zone cut beside NS, or below it, in the parent (RFC 1034 4.2.1, 4035 2.6). */
const atCut = new Set<number>([
  RRType.NS,
  RRType.DS,
  RRType.NSEC,
  RRType.NSEC3,
  RRType.RRSIG,
  RRType.A,
  RRType.AAAA,
]);

function checkOcclusion(rrset: RRset, zone: Zone, report: Report): void {
  const cut = zone.cutAt(rrset.name);
  if (!cut || atCut.has(rrset.type)) return;
  const where = `at or below the zone cut ${formatName(cut.name)}`;
  report.warning('OCCLUDED', `${formatType(rrset.type)} ${where} belongs to the child and is not served`);
}

const targetChecked = new Set<number>([RRType.NS, RRType.MX, RRType.SRV]);

function checkTargets(rrset: RRset, zone: Zone, report: Report): void {
  if (!targetChecked.has(rrset.type)) return;
  const cut = zone.cutAt(rrset.name);
  if (cut && (rrset.type !== RRType.NS || cut !== rrset)) return; // occluded, or glue of a deeper cut
  for (const rdata of rrset.rdatas) {
    const target = addressTargetOf(rrset.type, rrset.name, rdata);
    if (target !== undefined && isSubdomain(target, zone.apex)) checkTarget(rrset, target, zone, report);
  }
}

function checkTarget(rrset: RRset, target: Name, zone: Zone, report: Report): void {
  const node = zone.node(target) ?? zone.wildcardNode(zone.closestEncloser(target))?.node;
  if (node && hasAddress(node)) return;
  const text = `${formatType(rrset.type)} points to ${formatName(target)}`;
  const cut = zone.cutAt(target);
  if (node?.has(RRType.CNAME)) {
    report.warning('TARGET_IS_ALIAS', `${text}, which is an alias; RFC 2181 10.3 forbids that`);
  } else if (!cut && !zone.dnameAbove(target)) {
    report.warning('TARGET_MISSING', `${text}, which has no address in this zone`);
  } else if (rrset.type === RRType.NS && isSubdomain(target, rrset.name) && rrset.name !== zone.apex) {
    report.warning('GLUE_MISSING', `${text}, which is below the zone cut and has no glue address`);
  } else if (rrset.name === zone.apex && cut && isStrictSubdomain(target, zone.apex)) {
    report.warning('GLUE_MISSING', `${text}, which is in a delegated zone and has no glue address`);
  }
}

function hasAddress(node: ZoneNode): boolean {
  return node.has(RRType.A) || node.has(RRType.AAAA);
}
