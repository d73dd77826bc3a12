/** Signed zones and trust anchors as text. */
import { formatName, type Name } from '../../src/dns/name.js';
import { formatType, RRType } from '../../src/dns/registry.js';
import type { TrustAnchor } from '../../src/dnssec/anchors.js';
import { parseDs } from '../../src/dnssec/records.js';
import { formatRdata, toHex } from '../../src/wire/rdata/registry.js';
import type { Zone } from '../../src/zone/zone.js';

/** For delv's `-a`, as BIND writes it; for unbound's `trust-anchor-file` and drill's `-k`, as records. */
export const ANCHOR_FILES = ['trust-anchors.conf', 'trust-anchors.ds'] as const;

export function anchorFile(file: (typeof ANCHOR_FILES)[number], anchors: readonly TrustAnchor[]): string {
  if (file === 'trust-anchors.ds') return anchors.map(recordLine).join('');
  return `trust-anchors {\n${anchors.map(bindLine).join('')}};\n`;
}

function recordLine({ zone, type, rdata }: TrustAnchor): string {
  return `${formatName(zone)} 86400 IN ${formatType(type)} ${formatRdata(type, rdata)}\n`;
}

function bindLine({ zone, rdata }: TrustAnchor): string {
  const { keyTag, algorithm, digestType, digest } = parseDs(rdata)!;
  return `  ${formatName(zone)} static-ds ${keyTag} ${algorithm} ${digestType} "${toHex(digest)}";\n`;
}

/** `root.zone` for the root, else the name. Names of signed zones have no octets that a path could not hold. */
export function zoneFileName(apex: Name): string {
  return `${apex.length === 1 ? 'root' : formatName(apex).replace(/\.$/, '')}.zone`;
}

/** A master file with one record per line; the SOA comes first. */
export function zoneText(zone: Zone): string {
  const rrsets = [zone.soa, ...[...zone.rrsets()].filter((rrset) => rrset !== zone.soa)];
  return rrsets
    .flatMap(({ name, ttlSec, type, rdatas, signatures }) => {
      const line = (of: number, rdata: string) =>
        `${formatName(name)} ${ttlSec} IN ${formatType(of)} ${formatRdata(of, rdata)}\n`;
      return [...rdatas.map((r) => line(type, r)), ...signatures.map((r) => line(RRType.RRSIG, r))];
    })
    .join('');
}
