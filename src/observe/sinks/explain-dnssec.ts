/**
 * What validation contributes to a verdict: who broke the chain of trust, what mends it, why data counts as unsigned.
 *
 * Works on validation events where there are some, else on the EDE of the outcome, as for a failure from the cache.
 */
import { formatName, isStrictSubdomain, isSubdomain, type Name, ROOT } from '../../dns/name.js';
import { Ede, RRType } from '../../dns/registry.js';
import type { TracedEvent } from '../../runtime/trace.js';
import type { TraceReport } from './collect.js';
import { type Finding, named } from './evidence.js';
import { printable } from './styles.js';

type Step = Extract<TracedEvent, { kind: 'validation' }>;

/** @param zone the zone asked last, for a verdict from the failure cache, which has no steps of its own */
export function bogusFinding({ events, outcome }: TraceReport, zone: string | undefined): Finding {
  const step = events.find(
    (event): event is Step => event.kind === 'validation' && event.security === 'bogus',
  );
  const cause = step ? causeOf(step) : outcome.ede?.[0]?.text;
  if (isForeignRoot(step, outcome.ede)) return foreignRoot(cause, step);
  const ofParent = step !== undefined && (step.step === 'ds' || step.type === RRType.DS);
  const owner = step ? zoneOf(step, ofParent, events) : (cachedFailure(events) ?? zone);
  const codes = new Set((outcome.ede ?? []).map(({ code }) => code));
  return {
    summary: `DNSSEC validation failed${cause === undefined ? '' : `: ${printable(cause)}`}.`,
    blame: ofParent ? 'parent' : 'zone',
    ...named(owner),
    advice: `${remedy(codes, step, ofParent)} A negative trust anchor for the zone helps until then.`,
    ...(step ? { event: step } : {}),
  };
}

/** The root's keys are missing, or none is a trust anchor. Without a step the verdict comes from a cache. */
function isForeignRoot(step: Step | undefined, ede: TraceReport['outcome']['ede']): boolean {
  if (step !== undefined && (step.name !== ROOT || step.step !== 'dnskey')) return false;
  return (ede ?? []).some(
    ({ code, text }) => code === Ede.DNSKEY_MISSING && /^(the root that answers|no DNSKEY of \. )/.test(text),
  );
}

function foreignRoot(cause: string | undefined, step: Step | undefined): Finding {
  return {
    summary: `What answers in the place of the root is not the root that is trusted here${cause ? `: ${printable(cause)}` : ''}.`,
    blame: 'path',
    advice:
      'Something on the path may answer DNS queries in the place of others: forward to a resolver that this network allows. In a laboratory with a root of its own set rootHints and dnssec.trustAnchors.',
    ...(step ? { event: step } : {}),
  };
}

/** The name whose failure was remembered, which an alias may have led to. */
function cachedFailure(events: readonly TracedEvent[]): string | undefined {
  const probe = events.findLast((event) => event.kind === 'probe' && event.layer === 'failure');
  return probe?.kind === 'probe' ? printable(formatName(probe.name)) : undefined;
}

function causeOf({ name, detail }: Step): string {
  const owner = printable(formatName(name));
  return detail.startsWith(owner) ? detail : `${owner}: ${detail}`;
}

/** The deepest zone met on the way that the data belongs to; the data of a cut is its parent's. */
function zoneOf({ name }: Step, ofParent: boolean, events: readonly TracedEvent[]): string {
  let found: Name | undefined;
  for (const event of events) {
    const apex =
      event.kind === 'zone'
        ? event.zone
        : event.kind === 'validation' && event.step === 'dnskey'
          ? event.name
          : undefined;
    if (apex === undefined || (ofParent ? !isStrictSubdomain(name, apex) : !isSubdomain(name, apex)))
      continue;
    if (found === undefined || apex.length > found.length) found = apex;
  }
  return printable(formatName(found ?? name));
}

function remedy(codes: ReadonlySet<number>, step: Step | undefined, ofParent: boolean): string {
  if (codes.has(Ede.SIGNATURE_NOT_YET_VALID))
    return 'See whether the clock of this machine is right; if it is, have the owner sign the zone with times that hold now.';
  if (codes.has(Ede.SIGNATURE_EXPIRED))
    return 'Have the owner sign the zone again, and see why that did not happen by itself; a clock far ahead on this machine looks the same.';
  if (codes.has(Ede.NO_ZONE_KEY_BIT))
    return 'Have the owner publish a key that has the zone key flag, and sign with it.';
  if (codes.has(Ede.RRSIGS_MISSING))
    return 'Have the owner see that all servers of the zone send its signatures; if they do, something on the path takes them out.';
  if (codes.has(Ede.NSEC_MISSING))
    return 'Have the owner sign the zone again, so that NSEC or NSEC3 records prove what it does not have.';
  if (codes.has(Ede.DNSKEY_MISSING) && step?.step === 'signature')
    return 'Have the owner publish the key that signs, or sign with one that is published.';
  if (codes.has(Ede.DNSKEY_MISSING) || ofParent)
    return 'The DS records at the parent and the keys of the zone do not fit: have the owner correct the one or the other.';
  return 'Have the owner sign the zone again.';
}

/** What the status of an answer adds to a sentence about it. */
export function checkedWords({ events, outcome }: TraceReport): string {
  if (outcome.security === 'secure') return ', and its signatures are valid';
  if (outcome.security !== 'insecure') return '';
  const step = events.findLast(
    (event): event is Step =>
      event.kind === 'validation' &&
      event.security === 'insecure' &&
      (event.step === 'insecure' || event.step === 'denial'),
  );
  if (!step || step.detail.includes('unsigned delegation')) return ', in a zone that is not signed';
  return `, and counts as unsigned (${printable(step.detail)})`;
}
