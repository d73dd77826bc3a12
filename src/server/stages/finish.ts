/**
 * Stage 11: what was found becomes what this client may see, and then octets, which the stub cache keeps.
 *
 * Without DO, signatures and the NSEC and NSEC3 records that prove a denial stay out (RFC 4035 3.2.1); a type
 * that was itself asked for stays in. Aliases come first, in their order, then the RRsets that they lead to.
 * Responses are minimal: nothing in the additional section, no NS in the authority section.
 *
 * RFC 1034 4.3.2 (aliases), RFC 2308 2 (SOA), RFC 6672 2.2 (YXDOMAIN), RFC 8767 (stale), RFC 8914 (EDE).
 */

import type { StubCache } from '../../cache/stub-cache.js';
import {
  type Answer,
  assertNever,
  type ExtendedError,
  type Failure,
  type Negative,
  type Outcome,
} from '../../dns/outcome.js';
import { Ede, Rcode, RRType } from '../../dns/registry.js';
import type { RRset } from '../../dns/rrset.js';
import type { Resolution } from '../../resolver/contract.js';
import type { Clock } from '../../runtime/clock.js';
import { type Draft, type Exchange, ede, type Stage, type Verdict } from '../exchange.js';
import { makeImage } from '../image.js';
import type { ServerSettings } from '../settings.js';
import { keepImage } from './stub-cache.js';

export class FinishStage implements Stage {
  readonly name = 'finish';

  constructor(
    private readonly cache: StubCache,
    private readonly clock: Clock,
    private readonly currentSettings?: () => ServerSettings,
  ) {}

  run(exchange: Exchange): Verdict {
    const query = exchange.query!;
    exchange.draft ??= draftOf(resolutionOf(exchange), query.edns?.do === true);
    exchange.image = makeImage(exchange.draft, query);
    if (this.isCurrent(exchange)) {
      keepImage(this.cache, exchange, exchange.draft, exchange.image, this.clock.wallMs());
    }
    return 'next';
  }

  /** What began under settings that a reload has replaced may not be what they would give now. */
  private isCurrent(exchange: Exchange): boolean {
    return this.currentSettings === undefined || this.currentSettings() === exchange.settings;
  }
}

/** With the operator's aliases in front, which no cache may keep under their names. */
function resolutionOf({ resolution, aliases: own, notes: why }: Exchange): Resolution {
  const found = resolution!;
  const { outcome } = found;
  if (own.length === 0 || outcome.kind === 'failure') return found;
  const aliases = [...own, ...outcome.aliases];
  const ede = [...why, ...(outcome.ede ?? [])];
  return { ...found, outcome: { ...outcome, aliases, ede, security: 'insecure' }, keepUntilMs: undefined };
}

function draftOf(resolution: Resolution, dnssecOk: boolean): Draft {
  const { outcome, lookupClass, missReason } = resolution;
  const { rcode, secure, answer, authority, ede } = sectionsOf(outcome, dnssecOk);
  const keep = outcome.kind !== 'failure' && !outcome.stale;
  const keepUntilMs = keep ? resolution.keepUntilMs : undefined;
  return {
    rcode,
    aa: false,
    tc: false,
    secure,
    answer,
    authority,
    ede,
    lookupClass,
    missReason,
    keepUntilMs,
  };
}

type Sections = Pick<Draft, 'rcode' | 'secure' | 'answer' | 'authority' | 'ede'>;

function sectionsOf(outcome: Outcome, dnssecOk: boolean): Sections {
  switch (outcome.kind) {
    case 'answer':
      return positive(outcome, dnssecOk);
    case 'nodata':
    case 'nxdomain':
      return negative(outcome, dnssecOk);
    case 'failure':
      return {
        rcode: rcodeOf(outcome),
        secure: false,
        answer: visible(outcome.aliases ?? [], dnssecOk),
        authority: [],
        ede: outcome.ede,
      };
    default:
      return assertNever(outcome);
  }
}

function positive(outcome: Answer, dnssecOk: boolean): Sections {
  const answer = outcome.aliases.length === 0 ? outcome.rrsets : [...outcome.aliases, ...outcome.rrsets];
  const authority = dnssecOk ? outcome.proof : [];
  return {
    rcode: Rcode.NOERROR,
    secure: outcome.security === 'secure',
    answer: visible(answer, dnssecOk),
    authority,
    ede: notes(outcome, STALE_ANSWER),
  };
}

function negative(outcome: Negative, dnssecOk: boolean): Sections {
  const { soa, proof } = outcome;
  const rest = proof.filter((rrset) => !(soa && rrset.type === RRType.SOA && rrset.name === soa.name));
  const authority = soa ? [soa, ...(dnssecOk ? rest : [])] : dnssecOk ? rest : [];
  return {
    rcode: outcome.kind === 'nxdomain' ? Rcode.NXDOMAIN : Rcode.NOERROR,
    secure: outcome.security === 'secure',
    answer: visible(outcome.aliases, dnssecOk),
    authority: visible(authority, dnssecOk),
    ede: outcome.stale ? notes(outcome, staleDenial(outcome)) : (outcome.ede ?? []),
  };
}

const STALE_ANSWER = ede(Ede.STALE_ANSWER, 'the servers did not answer; this is past its TTL');

function staleDenial({ kind }: Negative): ExtendedError {
  const code = kind === 'nxdomain' ? Ede.STALE_NXDOMAIN : Ede.STALE_ANSWER;
  return ede(code, 'the servers did not answer; this denial is past its TTL');
}

/** What the resolver says, and that the answer is stale if it did not say so itself. */
function notes(outcome: Answer | Negative, stale: ExtendedError): readonly ExtendedError[] {
  const said = outcome.ede ?? [];
  if (!outcome.stale || said.some((e) => e.code === Ede.STALE_ANSWER || e.code === Ede.STALE_NXDOMAIN)) {
    return said;
  }
  return [...said, stale];
}

function visible(rrsets: readonly RRset[], dnssecOk: boolean): readonly RRset[] {
  if (dnssecOk || rrsets.every((rrset) => rrset.signatures.length === 0)) return rrsets;
  return rrsets.map((rrset) => (rrset.signatures.length === 0 ? rrset : { ...rrset, signatures: [] }));
}

function rcodeOf(failure: Failure): number {
  switch (failure.reason) {
    case 'policy':
      return Rcode.REFUSED;
    case 'not-cached':
      return Rcode.REFUSED;
    case 'name-too-long':
      return Rcode.YXDOMAIN;
    default:
      return Rcode.SERVFAIL;
  }
}
