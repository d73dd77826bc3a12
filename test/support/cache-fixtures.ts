/** RRsets, origins and delegations for cache tests, in as few words as possible. */
import type { Delegation } from '../../src/cache/delegation-cache.js';
import type { Origin } from '../../src/cache/rrset-cache.js';
import { parseName, ROOT } from '../../src/dns/name.js';
import { RRType } from '../../src/dns/registry.js';
import type { RRset } from '../../src/dns/rrset.js';

export const origin: Origin = { server: '192.0.2.53', transport: 'udp', zone: ROOT };

/** An RRset whose RDATA is made of the given octet strings; one address when none is given. */
export function rrset(
  name: string,
  ttlSec = 300,
  type: number = RRType.A,
  rdatas = ['\xc0\0\x02\x01'],
): RRset {
  return { name: parseName(name), type, class: 1, ttlSec, rdatas, signatures: [] };
}

/** The SOA RRset of a zone; `minimumSec` is its last field. */
export function soa(zone: string, ttlSec: number, minimumSec: number): RRset {
  const numbers = Buffer.alloc(20);
  numbers.writeUInt32BE(minimumSec, 16);
  const rdata = `${parseName('ns', parseName(zone))}${parseName('admin', parseName(zone))}${numbers.toString('latin1')}`;
  return rrset(zone, ttlSec, RRType.SOA, [rdata]);
}

export function delegation(zone: string, leaseUntilMs: number, over: Partial<Delegation> = {}): Delegation {
  return {
    zone: parseName(zone),
    servers: [{ name: parseName('ns1', parseName(zone)), addresses: ['192.0.2.53', '2001:db8::53'] }],
    ds: 'unknown',
    dsProof: [],
    leaseUntilMs,
    security: 'unchecked',
    ...over,
  };
}
