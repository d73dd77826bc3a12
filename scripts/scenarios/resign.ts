/**
 * Signs a scenario anew where it was signed with DSA (algorithms 3 and 6).
 *
 * Recorded scenarios of the 2000s are signed with DSA, which no validator takes any more (RFC 8624 3.1).
 * With ECDSA P-256 (13) in its place they still test what they were made for: keys get new pairs, DS new
 * digests, and each signature is made anew with its old times. What was broken stays broken: a signature or
 * digest that did not verify gets one that does not.
 * Limitations: keys are told apart by owner and key tag.
 */
import { formatName, type Octets } from '../../src/dns/name.js';
import { RRType } from '../../src/dns/registry.js';
import type { Rdata, RRset } from '../../src/dns/rrset.js';
import { Algorithm, dsDigest } from '../../src/dnssec/algorithms.js';
import { CanonicalRdatas, signedData } from '../../src/dnssec/canonical.js';
import { type Dnskey, parseDnskey, parseDs, parseRrsig, type Rrsig } from '../../src/dnssec/records.js';
import { generateSigningKey, type SigningKey, signOctets } from '../../src/dnssec/signing-key.js';
import { u16Octets } from '../../src/wire/octets.js';
import { formatRdata } from '../../src/wire/rdata/registry.js';
import { parseZoneText } from '../../src/zone/parse.js';
import type { ZoneRecord } from '../../src/zone/record.js';
import { group } from './canned.js';
import { DsaVerifier, isDsa } from './dsa-verifier.js';
import type { Entry, Scenario } from './parse.js';

const NEW_ALGORITHM = Algorithm.ECDSAP256SHA256;

interface KeyPair {
  readonly old: Dnskey;
  readonly made: SigningKey;
}

/** The scenario itself when nothing in it is signed with DSA. */
export function withoutDsa(scenario: Scenario): Scenario {
  const anchors = (scenario.options.get('trust-anchor') ?? []).map((line) => ({
    line,
    record: anchorOf(line),
  }));
  const records = [
    ...[...scenario.ranges.flatMap((r) => r.entries), ...scenario.steps.map((s) => s.entry)].flatMap(
      recordsOf,
    ),
    ...anchors.flatMap(({ record }) => record ?? []),
  ];
  const signer = new Resigner(records);
  if (!signer.hasWork) return scenario;
  const options = new Map(scenario.options);
  const lines = anchors.map(({ line, record }) => (record ? anchorLine(signer.renewed(record, [])) : line));
  if (lines.length > 0) options.set('trust-anchor', lines);
  return {
    ...scenario,
    options,
    ranges: scenario.ranges.map((r) => ({ ...r, entries: r.entries.map((e) => signer.entry(e)) })),
    steps: scenario.steps.map((s) => (s.entry ? { ...s, entry: signer.entry(s.entry) } : s)),
  };
}

function recordsOf(entry: Entry | undefined): readonly ZoneRecord[] {
  return entry ? Object.values(entry.sections).flat() : [];
}

function anchorOf(line: string): ZoneRecord | undefined {
  return parseZoneText(`$ORIGIN .\n$TTL 3600\n${line.replace(/;.*$/, '')}\n`).records[0];
}

function anchorLine(record: ZoneRecord): string {
  const type = record.type === RRType.DS ? 'DS' : 'DNSKEY';
  return `${formatName(record.name)} ${type} ${formatRdata(record.type, record.rdata)}`;
}

class Resigner {
  private readonly verifier = new DsaVerifier();
  private readonly pairs = new Map<string, KeyPair>();
  /** The same data gets the same signature wherever it stands: answers are compared with what is expected. */
  private readonly signatures = new Map<string, Octets>();
  readonly hasWork: boolean;

  constructor(records: readonly ZoneRecord[]) {
    const made = new Map<Octets, SigningKey>();
    for (const { name, type, rdata } of records) {
      const old = type === RRType.DNSKEY ? parseDnskey(rdata) : undefined;
      if (!old || !isDsa(old.algorithm)) continue;
      const key = made.get(rdata) ?? generateSigningKey(NEW_ALGORITHM, old.flags);
      made.set(rdata, key);
      this.pairs.set(`${old.keyTag} ${name}`, { old, made: key });
    }
    this.hasWork =
      this.pairs.size > 0 ||
      records.some((r) => r.type === RRType.DS && isDsa(parseDs(r.rdata)?.algorithm ?? 0));
  }

  entry(entry: Entry): Entry {
    const all = recordsOf(entry);
    const renew = (records: readonly ZoneRecord[]) => records.map((r) => this.renewed(r, records, all));
    const { answer, authority, additional } = entry.sections;
    return {
      ...entry,
      sections: { answer: renew(answer), authority: renew(authority), additional: renew(additional) },
    };
  }

  /** @param section the records beside it, of which a signature covers some; now and then it strayed `elsewhere` */
  renewed(
    record: ZoneRecord,
    section: readonly ZoneRecord[],
    elsewhere: readonly ZoneRecord[] = [],
  ): ZoneRecord {
    switch (record.type) {
      case RRType.DNSKEY:
        return { ...record, rdata: this.newKey(record) };
      case RRType.DS:
        return { ...record, rdata: this.newDs(record) };
      case RRType.RRSIG:
        return { ...record, rdata: this.newSignature(record, section, elsewhere) };
      default:
        return record;
    }
  }

  private newKey({ name, rdata }: ZoneRecord): Rdata {
    const old = parseDnskey(rdata);
    return (old && isDsa(old.algorithm) && this.pairs.get(`${old.keyTag} ${name}`)?.made.rdata) || rdata;
  }

  private newDs({ name, rdata }: ZoneRecord): Rdata {
    const ds = parseDs(rdata);
    if (!ds || !isDsa(ds.algorithm)) return rdata;
    const pair = this.pairs.get(`${ds.keyTag} ${name}`);
    const tag = u16Octets(pair?.made.keyTag ?? ds.keyTag);
    const wasRight = pair && dsDigest(name, pair.old.rdata, ds.digestType) === ds.digest;
    const digest = wasRight ? dsDigest(name, pair.made.rdata, ds.digestType)! : ds.digest;
    return tag + String.fromCharCode(NEW_ALGORITHM, ds.digestType) + digest;
  }

  private newSignature(
    { name, rdata }: ZoneRecord,
    section: readonly ZoneRecord[],
    elsewhere: readonly ZoneRecord[],
  ): Rdata {
    const sig = parseRrsig(rdata);
    if (!sig || !isDsa(sig.algorithm)) return rdata;
    const pair = this.pairs.get(`${sig.keyTag} ${sig.signer}`);
    const tag = pair?.made.keyTag ?? sig.keyTag;
    const head = rdata.slice(0, 2) + String.fromCharCode(NEW_ALGORITHM) + rdata.slice(3, 16) + u16Octets(tag);
    const unsigned = head + rdata.slice(18, rdata.length - sig.signature.length);
    const covers = (r: ZoneRecord) => r.name === name && r.type === sig.typeCovered;
    const beside = section.filter(covers);
    const covered = beside.length > 0 ? beside : elsewhere.filter(covers);
    const before = group(covered)[0];
    const after = group(covered.map((r) => this.renewed(r, section)))[0];
    if (!pair || !before || !after) return unsigned + sig.signature;
    const isGood = this.wasGood(before, sig, pair.old);
    return unsigned + this.signature(after, unsigned, pair.made, isGood);
  }

  private wasGood(rrset: RRset, sig: Rrsig, key: Dnskey): boolean {
    const data = signedData(rrset, sig, new CanonicalRdatas(rrset));
    return data !== undefined && this.verifier.verify(key, data.octets, sig.signature) === 'good';
  }

  private signature(rrset: RRset, unsigned: Octets, key: SigningKey, isGood: boolean): Octets {
    const data = signedData(rrset, parseRrsig(`${unsigned}\0`)!, new CanonicalRdatas(rrset));
    const octets = data?.octets ?? unsigned;
    const known = this.signatures.get(`${isGood} ${octets}`);
    if (known !== undefined) return known;
    const good = signOctets(key, octets);
    const made = isGood
      ? good
      : good.slice(0, -1) + String.fromCharCode(good.charCodeAt(good.length - 1) ^ 1);
    this.signatures.set(`${isGood} ${octets}`, made);
    return made;
  }
}
