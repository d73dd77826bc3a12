/**
 * Which NSEC or NSEC3 RRsets prove that something is not there.
 *
 * lookup.ts decides what is denied and calls one function per case; each returns RRsets for the authority
 * section, none for an unsigned zone.
 * RFC 4035 3.1.3 (NSEC), RFC 5155 7.2 (NSEC3).
 */
import { type Name, wildcardOf } from '../dns/name.js';
import type { RRset } from '../dns/rrset.js';
import type { Nsec3Chain } from '../zone/nsec3-chain.js';
import type { Zone } from '../zone/zone.js';

/** `name` exists and lacks the type; also a delegation without DS. RFC 4035 3.1.3.1, RFC 5155 7.2.3, 7.2.4. */
export function proveNodata(zone: Zone, name: Name): RRset[] {
  const chain = zone.nsec3;
  if (!chain) return nsec(zone, [name]);
  const match = chain.matching(name);
  // An opted-out delegation has no NSEC3 of its own: show its nearest ancestor that has one.
  return match ? [match] : closestEncloserProof(chain, name);
}

/** Nothing of that name, nor a wildcard for it. RFC 4035 3.1.3.2, RFC 5155 7.2.2. */
export function proveNameError(zone: Zone, name: Name, encloser: Name): RRset[] {
  const chain = zone.nsec3;
  if (!chain) return nsec(zone, [name, ...wildcardsAt(encloser)]);
  // The wildcard that a validator wants denied is at the encloser that the proof shows, see closestProvable.
  const provable = chain.closestProvable(name)?.name ?? encloser;
  const wildcards = wildcardsAt(provable).map((wildcard) => chain.covering(wildcard));
  return [...closestEncloserProof(chain, name), ...wildcards];
}

function wildcardsAt(encloser: Name): Name[] {
  const wildcard = wildcardOf(encloser);
  return wildcard === undefined ? [] : [wildcard];
}

/** The answer came from a wildcard: no closer name exists. RFC 4035 3.1.3.3, RFC 5155 7.2.6. */
export function proveWildcardAnswer(zone: Zone, name: Name): RRset[] {
  const chain = zone.nsec3;
  if (!chain) return nsec(zone, [name]);
  const nextCloser = chain.closestProvable(name)?.nextCloser;
  return nextCloser === undefined ? [] : [chain.covering(nextCloser)];
}

/** A wildcard matches and lacks the type. RFC 4035 3.1.3.4, RFC 5155 7.2.5. */
export function proveWildcardNodata(zone: Zone, name: Name, wildcard: Name): RRset[] {
  const chain = zone.nsec3;
  if (!chain) return nsec(zone, [name, wildcard]);
  const match = chain.matching(wildcard);
  const proof = closestEncloserProof(chain, name);
  return match ? [...proof, match] : proof;
}

/** RFC 5155 7.2.1. */
function closestEncloserProof(chain: Nsec3Chain, name: Name): RRset[] {
  const encloser = chain.closestProvable(name);
  if (!encloser) return [];
  const { rrset, nextCloser } = encloser;
  return nextCloser === undefined ? [rrset] : [rrset, chain.covering(nextCloser)];
}

function nsec(zone: Zone, names: readonly Name[]): RRset[] {
  return names.map((name) => zone.nsecFor(name)).filter((rrset) => rrset !== undefined);
}
