/**
 * Stages behind the resolver: rules that judge an answer, and the names that its aliases lead to.
 *
 * `answer-policy` replaces an answer that a rule speaks about; no cache in front of the resolver keeps what it made.
 * Where the rule is an alias, `follow` resolves what that leads to. Limitations: that is not judged once more.
 */
import { type Name, toName } from '../../dns/name.js';
import { RRType } from '../../dns/registry.js';
import type { RRset } from '../../dns/rrset.js';
import type { Policy } from '../../policy/policy.js';
import type { ServerFacts } from '../../policy/rules.js';
import type { RecursiveResolver } from '../../resolver/contract.js';
import { addressOctets } from '../../runtime/networks.js';
import type { Exchange, Stage, Verdict } from '../exchange.js';
import { type Counted, obey, obeyNameRules } from '../policy-answer.js';

export class AnswerPolicyStage implements Stage {
  readonly name = 'answer-policy';

  constructor(private readonly resolver: RecursiveResolver) {}

  run(exchange: Exchange): Verdict {
    const { early, resolution } = exchange;
    const { policy } = exchange.rules;
    if (!policy || !resolution || (early && !early.waits)) return 'next';
    const { outcome, lookupClass, missReason, failedAliases = [] } = resolution;
    const chain = outcome.kind === 'failure' ? failedAliases : outcome.aliases;
    if (!early && !policy.judgesAnswers && chain.length === 0) return 'next';
    const rrsets = outcome.kind === 'answer' ? outcome.rrsets : [];
    const late = judgeAnswer(policy, this.resolver, { sought: exchange.sought, chain, rrsets }, early);
    if (!late || late.decision.kind === 'pass') return 'next';
    const counted = { lookupClass, missReason };
    if (late.decision.kind === 'tcp-only') return obey(exchange, late.decision, counted);
    exchange.aliases = [...exchange.aliases, ...upTo(chain, late.position)];
    const verdict = obey(exchange, late.decision, counted);
    if (verdict !== 'next') return verdict;
    return this.leadElsewhere(exchange, counted);
  }

  private leadElsewhere(exchange: Exchange, counted: Counted): Verdict {
    exchange.resolution = undefined;
    return obeyNameRules(exchange, counted);
  }
}

export class FollowStage implements Stage {
  readonly name = 'follow';

  /** @param resolve the stage that resolves */
  constructor(private readonly resolve: Stage) {}

  run(exchange: Exchange): Verdict | Promise<Verdict> {
    return exchange.resolution ? 'next' : this.resolve.run(exchange);
  }
}

interface Answered {
  /** The name that was resolved. */
  readonly sought: Name;
  readonly chain: readonly RRset[];
  readonly rrsets: readonly RRset[];
}

/** What the lists say of an answer; for the stage and for traces. */
export function judgeAnswer(
  policy: Policy,
  resolver: RecursiveResolver,
  { sought, chain, rrsets }: Answered,
  early: Exchange['early'],
): ReturnType<Policy['after']> {
  const targets = chain
    .filter((rrset) => rrset.type === RRType.CNAME)
    .map(({ rdatas }) => toName(rdatas[0]!));
  const servers = (name: Name) => factsOf(resolver, name);
  return policy.after({ names: [sought, ...targets], rrsets, servers }, early);
}

function factsOf(resolver: RecursiveResolver, name: Name): ServerFacts {
  const known = resolver.serversOf?.(name);
  if (!known) return { names: [], addresses: [] };
  return { names: known.names, addresses: known.addresses.flatMap((text) => addressOctets(text) ?? []) };
}

/** The aliases that lead to the name at that position of the chain. */
function upTo(chain: readonly RRset[], position: number): readonly RRset[] {
  let cnames = 0;
  const end = chain.findIndex((rrset) => rrset.type === RRType.CNAME && ++cnames === position);
  return position === 0 ? [] : chain.slice(0, end + 1);
}
