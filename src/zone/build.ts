/**
 * Records to a zone: groups them into RRsets, attaches RRSIGs, checks, and makes a Zone when nothing is wrong.
 *
 * The door of this folder: `loadZoneFile` and `loadZoneText`.
 * RFC 2181 5 (RRsets), RFC 4034 3 (RRSIG).
 */
import { isSubdomain, type Name } from '../dns/name.js';
import { formatType, RRType } from '../dns/registry.js';
import type { Rdata, RRset } from '../dns/rrset.js';
import { checkZone, type Places } from './check.js';
import { type ParsedMasterFile, type ParseOptions, parseZoneFile, parseZoneText } from './parse.js';
import type { ZoneRecord } from './record.js';
import { Zone } from './zone.js';
import { isServable, type Place, type ZoneError, zoneError, zoneWarning } from './zone-error.js';

export interface LoadedZone {
  /** Undefined when any problem is an error. */
  readonly zone: Zone | undefined;
  readonly problems: readonly ZoneError[];
  /** Every file read, for watching. */
  readonly files: readonly string[];
}

/** Reads and checks a zone file. */
export function loadZoneFile(path: string, options: ParseOptions = {}): LoadedZone {
  return buildZone(parseZoneFile(path, options), path);
}

/** Reads and checks a zone from text. */
export function loadZoneText(text: string, options: ParseOptions = {}): LoadedZone {
  return buildZone(parseZoneText(text, options), options.file ?? '(text)');
}

/** @param file named when the zone as a whole is wrong */
export function buildZone(parsed: ParsedMasterFile, file: string): LoadedZone {
  const problems = [...parsed.problems];
  const done = (zone?: Zone) => ({
    zone: isServable(problems) ? zone : undefined,
    problems,
    files: parsed.files,
  });
  const soa = findSoa(parsed.records, file, problems);
  if (!soa) return done();
  const inZone = parsed.records.filter((record) => isInZone(record, soa.name, problems));
  const { rrsets, places } = groupRecords(inZone, problems);
  const apexSoa = rrsets.find((rrset) => rrset.type === RRType.SOA && rrset.name === soa.name)!;
  const zone = new Zone(soa.name, apexSoa, rrsets);
  problems.push(...checkZone(zone, places));
  return done(zone);
}

function findSoa(
  records: readonly ZoneRecord[],
  file: string,
  problems: ZoneError[],
): ZoneRecord | undefined {
  const [first, ...others] = records.filter((record) => record.type === RRType.SOA);
  // With other errors in the file the SOA line itself may be what could not be read.
  if (!first && isServable(problems)) {
    problems.push(zoneError('NO_SOA', { file, line: 1, column: 1 }, 'the zone has no SOA record'));
  }
  for (const other of others) {
    const code = other.name === first!.name ? 'MULTIPLE_SOA' : 'SOA_NOT_AT_APEX';
    const where = `the first is at line ${first!.line}`;
    problems.push(zoneError(code, other, `a zone has one SOA, at its apex; ${where}`));
  }
  return first;
}

function isInZone(record: ZoneRecord, apex: Name, problems: ZoneError[]): boolean {
  if (isSubdomain(record.name, apex)) return record.type !== RRType.SOA || record.name === apex;
  problems.push(zoneError('OUT_OF_ZONE', record, 'the owner is outside the zone of the SOA'));
  return false;
}

interface Group {
  readonly first: ZoneRecord;
  ttlSec: number;
  readonly rdatas: Rdata[];
  readonly signatures: Rdata[];
}

function groupRecords(
  records: readonly ZoneRecord[],
  problems: ZoneError[],
): { rrsets: RRset[]; places: Places } {
  const groups = new Map<string, Group>();
  for (const record of records) {
    if (record.type !== RRType.RRSIG) addRecord(groups, record, problems);
  }
  for (const record of records) {
    if (record.type === RRType.RRSIG) attachSignature(groups, record, problems);
  }
  const places = new Map<RRset, Place>();
  const rrsets = [...groups.values()].map((group) => {
    const { name, type, class: rrClass } = group.first;
    const { ttlSec, rdatas, signatures } = group;
    const rrset: RRset = { name, type, class: rrClass, ttlSec, rdatas, signatures };
    places.set(rrset, group.first);
    return rrset;
  });
  return { rrsets, places };
}

function groupKey(name: Name, type: number): string {
  return `${type} ${name}`;
}

function addRecord(groups: Map<string, Group>, record: ZoneRecord, problems: ZoneError[]): void {
  const key = groupKey(record.name, record.type);
  const group = groups.get(key);
  if (!group) {
    groups.set(key, { first: record, ttlSec: record.ttlSec, rdatas: [record.rdata], signatures: [] });
    return;
  }
  if (record.ttlSec !== group.ttlSec) {
    const taken = Math.min(record.ttlSec, group.ttlSec);
    const message = `TTL ${record.ttlSec}, but ${group.ttlSec} in the same RRset; taking ${taken}`;
    problems.push(zoneWarning('DIFFERING_TTL', record, message));
    group.ttlSec = taken;
  }
  if (group.rdatas.includes(record.rdata)) {
    problems.push(zoneWarning('DUPLICATE_RECORD', record, 'the same record stands above; it is kept once'));
    return;
  }
  group.rdatas.push(record.rdata);
}

/** An RRSIG whose RRset is missing becomes an RRset of its own, so that it can be asked for. */
function attachSignature(groups: Map<string, Group>, record: ZoneRecord, problems: ZoneError[]): void {
  const covered = (record.rdata.charCodeAt(0) << 8) | record.rdata.charCodeAt(1);
  const group = groups.get(groupKey(record.name, covered));
  if (!group) {
    const message = `RRSIG covers ${formatType(covered)}, which the owner does not have`;
    problems.push(zoneWarning('ORPHAN_SIGNATURE', record, message));
    addRecord(groups, record, problems);
  } else if (!group.signatures.includes(record.rdata)) {
    group.signatures.push(record.rdata);
  }
}
