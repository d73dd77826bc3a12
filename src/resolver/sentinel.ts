/**
 * Root key sentinel: lets a client learn which root keys this resolver trusts.
 *
 * A secure address answer for a name whose first label is `root-key-sentinel-is-ta-TAG` or
 * `root-key-sentinel-not-ta-TAG` becomes SERVFAIL when the statement in the label is false.
 * RFC 8509 2.
 */

import { labelsOf } from '../dns/name.js';
import type { Failure, Outcome } from '../dns/outcome.js';
import { Ede, RRType } from '../dns/registry.js';
import type { Question } from '../dns/rrset.js';

const SENTINEL = /^root-key-sentinel-(is|not)-ta-([0-9]{5})$/;

/** @param tags key tags trusted for the root */
export function applySentinel(
  question: Question,
  outcome: Outcome,
  tags: () => ReadonlySet<number>,
): Outcome {
  // Nearly every name is told apart by its first octet.
  if (question.name.charCodeAt(1) !== 114 || (question.type !== RRType.A && question.type !== RRType.AAAA))
    return outcome;
  if (outcome.kind === 'failure' || outcome.security !== 'secure') return outcome;
  const found = SENTINEL.exec(labelsOf(question.name)[0] ?? '');
  if (!found) return outcome;
  const trusted = tags().has(Number(found[2]));
  return trusted === (found[1] === 'is') ? outcome : untrue(found[2]!, trusted);
}

function untrue(tag: string, trusted: boolean): Failure {
  const text = `root key sentinel: key ${tag} is ${trusted ? '' : 'not '}a trust anchor here`;
  return { kind: 'failure', reason: 'sentinel', ede: [{ code: Ede.OTHER, text }] };
}
