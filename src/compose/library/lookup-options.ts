/**
 * The arguments of `dns.lookup`, read as Node reads them, and the order of addresses.
 *
 * Callers are `net.connect`, `http.Agent`, undici, and code written for `dns.lookup`.
 */
import { ADDRCONFIG, ALL, V4MAPPED } from 'node:dns';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

export type AddressOrder = 'ipv4first' | 'ipv6first' | 'verbatim';

export interface LookupOptions {
  /** 4, 6, or 0 for both. */
  readonly family?: number | 'IPv4' | 'IPv6' | undefined;
  /** `dns.ADDRCONFIG`, `dns.V4MAPPED`, `dns.ALL`. */
  readonly hints?: number | undefined;
  /** Every address instead of the first. */
  readonly all?: boolean | undefined;
  /** Default `verbatim`: IPv6 first where this machine has an IPv6 address, else IPv4 first. */
  readonly order?: AddressOrder | undefined;
  /** Older spelling: false means `ipv4first`. */
  readonly verbatim?: boolean | undefined;
}

export interface LookupAddress {
  readonly address: string;
  readonly family: number;
}

/** What is asked, after all options are read. */
export interface LookupPlan {
  readonly all: boolean;
  readonly order: AddressOrder;
  /** Families to ask for. */
  readonly ask4: boolean;
  readonly ask6: boolean;
  /** IPv4 addresses are given as `::ffff:...`: always (ALL), or only for want of IPv6 ones. */
  readonly mapped: 'no' | 'if-none' | 'too';
}

/** Options with which nothing can be looked up; as Node's, thrown at the caller. */
export class LookupOptionsError extends TypeError {
  readonly code = 'ERR_INVALID_ARG_VALUE';
}

/** Which families this machine has a usable address of; loopback does not count (RFC 3493 6.1). */
export interface LocalFamilies {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

export function localFamilies(): LocalFamilies {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outside = all.filter((one) => !one.internal && !/^fe80:/i.test(one.address));
  return {
    ipv4: outside.some(({ family }) => family === 'IPv4'),
    ipv6: outside.some(({ family }) => family === 'IPv6'),
  };
}

/** @throws {LookupOptionsError} */
export function planLookup(
  given: LookupOptions | number | undefined,
  local: () => LocalFamilies,
): LookupPlan {
  const options = typeof given === 'number' ? { family: given } : (given ?? {});
  const family = readFamily(options.family);
  const hints = options.hints ?? 0;
  if ((hints & ~(ADDRCONFIG | ALL | V4MAPPED)) !== 0) {
    throw new LookupOptionsError(`hints: ${hints} has bits other than ADDRCONFIG, ALL and V4MAPPED`);
  }
  const order = options.order ?? (options.verbatim === false ? 'ipv4first' : 'verbatim');
  if (!['ipv4first', 'ipv6first', 'verbatim'].includes(order)) {
    throw new LookupOptionsError(`order: ${String(order)} is not ipv4first, ipv6first or verbatim`);
  }
  const wantsMapped = family === 6 && (hints & V4MAPPED) !== 0;
  const both = { ipv4: true, ipv6: true };
  const own = (hints & ADDRCONFIG) !== 0 ? local() : both;
  // A machine with loopback addresses only still talks to itself.
  const has = own.ipv4 || own.ipv6 ? own : both;
  return {
    all: options.all === true,
    order: order === 'verbatim' ? (local().ipv6 ? 'ipv6first' : 'ipv4first') : order,
    ask4: (family !== 6 || wantsMapped) && has.ipv4,
    ask6: family !== 4 && has.ipv6,
    mapped: !wantsMapped ? 'no' : (hints & ALL) !== 0 ? 'too' : 'if-none',
  };
}

function readFamily(family: LookupOptions['family']): 0 | 4 | 6 {
  if (family === undefined || family === 0) return 0;
  if (family === 4 || family === 'IPv4') return 4;
  if (family === 6 || family === 'IPv6') return 6;
  throw new LookupOptionsError(`family: ${String(family)} is not 0, 4 or 6`);
}

/** The answer to a literal address; undefined when `hostname` is none. */
export function literalAddress(hostname: string): LookupAddress | undefined {
  const family = isIP(hostname);
  return family === 0 ? undefined : { address: hostname, family };
}

/** Puts what was found in the order that the plan says. */
export function arrange(plan: LookupPlan, v4: readonly string[], v6: readonly string[]): LookupAddress[] {
  const as = (family: number) => (address: string) => ({ address, family });
  const six = v6.map(as(6));
  if (plan.mapped === 'no') {
    const four = v4.map(as(4));
    return plan.order === 'ipv4first' ? [...four, ...six] : [...six, ...four];
  }
  const mapped = v4.map((address) => ({ address: `::ffff:${address}`, family: 6 }));
  return plan.mapped === 'too' || six.length === 0 ? [...six, ...mapped] : six;
}
