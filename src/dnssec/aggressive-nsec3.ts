/**
 * Aggressive use of NSEC3, where it pays: which records are worth keeping, and which of those kept deny a name.
 *
 * Every name has to be hashed, up to its closest encloser, so only records without extra iterations are kept (a
 * hash is then 1 us, and draws on the query's budget), without opt-out (which denies nothing), and only spans that a
 * random name hits with a chance of 1 in 2048 or better: small zones, as most that use NSEC3 are. With k records
 * kept of a zone of n, a random name is denied with a chance of about 1 - (n / (n + k))^2: 3 in 4 once n were
 * asked for, and next to nothing in a TLD.
 *
 * RFC 8198 5.1, RFC 5155 8.
 * Limitations: no answers from wildcards; names more than four labels below the apex are not looked for.
 */
import { isSubdomain, labelCount, type Name, parentName, wildcardOf } from '../dns/name.js';
import type { Budget } from '../runtime/budget.js';
import { u32At } from '../wire/octets.js';
import type { DenialStore, RememberedNsec3 } from './denial-store.js';
import { coversHash, type Nsec3Hasher } from './nsec3.js';
import { NSEC3_HASH_SHA1, type Nsec3 } from './records.js';

/** Of 2^32, what the span of a record must be at least. */
const LEAST_SPAN = 2 ** 32 / 2048;
const MAX_LABELS_BELOW_APEX = 4;
const SHA1_OCTETS = 20;

export function paysOff(nsec3: Nsec3, zone: Name): boolean {
  const { hash, nextHash, hashAlgorithm, flags, iterations } = nsec3;
  if (nsec3.zone !== zone || hash.length !== SHA1_OCTETS || hashAlgorithm !== NSEC3_HASH_SHA1) return false;
  if (flags !== 0 || iterations !== 0) return false;
  const span = (u32At(nextHash, 0) - u32At(hash, 0)) >>> 0;
  return span >= LEAST_SPAN || hash === nextHash;
}

/** The records, of those kept of `zone`, that could deny `name` or its types; a proof is still to be made of them. */
export function nsec3Denying(
  store: DenialStore,
  zone: Name,
  name: Name,
  hasher: Nsec3Hasher,
  budget: Budget,
): RememberedNsec3[] | undefined {
  const salt = store.nsec3Salt(zone);
  // Half of the hashes are left for the proof of what will be fetched.
  if (2 * budget.usedOf('nsec3Hashes') > budget.limits.nsec3Hashes) return undefined;
  if (salt === undefined || labelCount(name) - labelCount(zone) > MAX_LABELS_BELOW_APEX) return undefined;
  const at = (wanted: Name, exact: boolean): RememberedNsec3 | undefined => {
    const hash = hasher.hash(wanted, salt, 0, budget);
    const entry = hash === undefined ? undefined : store.nsec3AtOrBefore(zone, hash);
    if (!entry || hash === undefined) return undefined;
    if (entry.nsec3.hash === hash) return entry;
    return !exact && coversHash(entry.nsec3, hash) ? entry : undefined;
  };
  const own = at(name, true);
  if (own) return [own];
  let nextCloser = name;
  for (let encloser = parentName(name); isSubdomain(encloser, zone); encloser = parentName(encloser)) {
    const match = at(encloser, true);
    if (match) {
      const cover = at(nextCloser, false);
      const wildcard = wildcardOf(encloser);
      const ofWildcard = cover && wildcard ? at(wildcard, false) : undefined;
      return cover && ofWildcard ? [...new Set([match, cover, ofWildcard])] : undefined;
    }
    if (encloser === zone) return undefined;
    nextCloser = encloser;
  }
  return undefined;
}
