/**
 * What the operator's rules say of a traced question: an event for each rule, and the outcome that a client would get.
 *
 * The same rules as of the pipeline's stages (server/policy-answer.ts), told as outcomes. The view is that of the client the
 * trace is for; without one everybody's rules hold. Limitations: an alias of local data is shown and not followed.
 */
import { formatName } from '../../dns/name.js';
import type { Outcome } from '../../dns/outcome.js';
import { Ede, type EdeCode, Rcode, RRType } from '../../dns/registry.js';
import type { Question } from '../../dns/rrset.js';
import type { TraceOptions } from '../../observe/control.js';
import type { Early } from '../../policy/policy.js';
import type { Decision } from '../../policy/rules.js';
import type { RecursiveResolver } from '../../resolver/contract.js';
import type { TraceSink } from '../../runtime/trace.js';
import { clientOctets, rulePhrase } from '../../server/policy-answer.js';
import type { LocalData, LocalRules, View } from '../../server/settings.js';
import { judgeAnswer } from '../../server/stages/answer-policy.js';
import type { LoadedPolicy } from './load.js';

/** Resolves with a sink, by the rules that hold for a client. */
export async function traceByRules(
  loaded: LoadedPolicy,
  resolver: RecursiveResolver,
  question: Question,
  sink: TraceSink,
  { fresh = false, client }: TraceOptions,
): Promise<Outcome> {
  const rules = new PolicyTrace(loaded, question, sink, client);
  const ruled = rules.before();
  if (ruled) return ruled;
  const { outcome } = await resolver.resolve(question, { trace: sink, bypassCache: fresh });
  return rules.after(outcome, resolver) ?? outcome;
}

class PolicyTrace {
  private readonly rules: LocalRules;
  private readonly view: View | undefined;
  private early: Early | undefined;

  /** @param client literal address of the client that the trace is for */
  constructor(
    loaded: LoadedPolicy,
    private readonly question: Question,
    private readonly sink: TraceSink,
    private readonly client: string | undefined,
  ) {
    this.view =
      client === undefined ? undefined : loaded.views?.find((view) => view.clients.hasClient(client));
    this.rules = this.view ?? loaded.everybody;
  }

  /** Before the walk. @returns what takes its place, if something does */
  before(): Outcome | undefined {
    const { policy, localData } = this.rules;
    if (this.view) this.emit(`view ${this.view.name}`, 'its rules hold');
    const client = this.client === undefined ? undefined : clientOctets(this.client);
    this.early = policy?.before(this.question, client);
    const decided = this.early && !this.early.waits ? this.outcomeOf(this.early.decision) : undefined;
    if (decided || this.early?.waits) return decided;
    const local = localData?.(this.question, false);
    if (!local) return undefined;
    this.emit('local zone', 'data');
    return localOutcome(this.question, local);
  }

  /** After it. @returns what takes the place of what was found */
  after(outcome: Outcome, resolver: RecursiveResolver): Outcome | undefined {
    const { policy } = this.rules;
    if (!policy || (this.early && !this.early.waits)) return undefined;
    const rrsets = outcome.kind === 'answer' ? outcome.rrsets : [];
    const answered = { sought: this.question.name, chain: outcome.aliases ?? [], rrsets };
    const late = judgeAnswer(policy, resolver, answered, this.early);
    if (late) return this.outcomeOf(late.decision);
    const found = policy.rebinds(this.question, rrsets);
    if (!found) return undefined;
    this.emit('rebinding protection', 'nodata');
    return failure(Ede.FILTERED, 'rebinding protection: the name leads to a private address');
  }

  private outcomeOf(decision: Decision): Outcome | undefined {
    const rule = `${decision.list}: ${formatName(decision.rule)}`;
    this.emit(rule, decision.kind === 'block' ? decision.action : decision.kind);
    if (decision.kind === 'block') return failure(Ede.BLOCKED, rulePhrase(decision));
    return decision.kind === 'data'
      ? localOutcome(this.question, { rcode: 0, answer: decision.rrsets })
      : undefined;
  }

  private emit(rule: string, action: string): void {
    this.sink.emit({ kind: 'policy', rule, action, atMs: 0, span: 0 });
  }
}

function failure(code: EdeCode, text: string): Outcome {
  return { kind: 'failure', reason: 'policy', ede: [{ code, text }] };
}

/** Local data as the outcome of a walk that was not needed. */
function localOutcome({ type }: Question, { rcode, answer }: Pick<LocalData, 'rcode' | 'answer'>): Outcome {
  const common = { proof: [], security: 'insecure' } as const;
  const aliases = type === RRType.CNAME ? [] : answer.filter((rrset) => rrset.type === RRType.CNAME);
  const rrsets = answer.filter((rrset) => rrset.type === type);
  if (rrsets.length > 0) return { kind: 'answer', rrsets, aliases, ...common };
  const kind = rcode === Rcode.NXDOMAIN ? 'nxdomain' : 'nodata';
  return { kind, soa: undefined, aliases, ...common };
}
