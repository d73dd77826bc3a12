/**
 * The walk: from the closest known zone down to servers that answer one question.
 *
 * A state machine. Each state has one handler that says which state comes next:
 *   ask        choose a server of the zone and send it the (minimised) question
 *   wait       for its response, or for the time to be up
 *   addresses  no server left with an address: resolve names of servers
 *   done       a chain of links, or a failure
 * A walk does not read answer caches, store answers or validate (fetch-links.ts does); it keeps what it
 * learns about delegations and servers. RFC 1034 5.3.3, RFC 9156, RFC 9520.
 */
import type { Failure } from '../dns/outcome.js';
import { RRType } from '../dns/registry.js';
import type { Question } from '../dns/rrset.js';
import type { ExchangeFault } from '../runtime/trace.js';
import type { UpstreamResult } from '../transport/upstream.js';
import { type AskedZone, askedSide } from './asked-zone.js';
import {
  type Attempt,
  byTcp,
  firstAttempt,
  insteadOfTcp,
  noteResponse,
  queryOf,
  withoutEdns,
} from './attempt.js';
import { type Classified, classify, responseClass } from './classify.js';
import { budgetFailure, busyFailure, noServerFailure, ServerReport, walkFailure } from './failures.js';
import { MinimisationPlan } from './minimise.js';
import { NameServers } from './name-servers.js';
import type { QueryContext } from './query-context.js';
import type { ResolverCore } from './resolver-core.js';
import { type ReferralData, type Scrubbed, scrub } from './scrub.js';
import { TriedServers } from './select-server.js';
import type { SharedResult } from './shared-exchanges.js';
import { PROBES_OF_UNREACHABLE } from './unreachable-zones.js';
import { emitQuery, emitResponse, emitScrubbed, emitServers } from './walk-trace.js';
import { dsOfReferral, type LinksFound, nothingAt, type Walked } from './walked.js';

interface Asked {
  readonly attempt: Attempt;
  readonly question: Question;
  readonly exchange: number;
}

type State =
  | { readonly at: 'ask' }
  | { readonly at: 'wait'; readonly asked: Asked; readonly result: Promise<SharedResult> }
  | { readonly at: 'addresses' }
  | { readonly at: 'done'; readonly result: Walked | Failure };

const ASK: State = { at: 'ask' };
const ADDRESSES: State = { at: 'addresses' };
const NOBODY: ReadonlySet<string> = new Set();
/** Timeouts of minimised queries after which the full question is asked (RFC 9156 2.3). */
const MINIMISED_TIMEOUTS = 3;
/** Queries to the servers of one zone within one walk. */
const MAX_QUERIES_PER_ZONE = 32;
const MIN_TCP_TIMEOUT_MS = 1500;

export class Walk {
  private zone: AskedZone;
  private servers: NameServers;
  private tried = new TriedServers();
  private readonly plan: MinimisationPlan;
  private readonly report = new ServerReport();
  private retry: Attempt | undefined;
  private queriesInZone = 0;
  private minimisedTimeouts = 0;
  /** The zone was out of reach a moment ago, and has not answered this walk yet. */
  private doubtful = false;
  private emptyAnswer: Walked | undefined;

  /**
   * @param avoid addresses whose data failed validation; other servers are to be asked
   */
  constructor(
    private readonly core: ResolverCore,
    private readonly question: Question,
    private readonly ctx: QueryContext,
    private readonly avoid: ReadonlySet<string> = NOBODY,
  ) {
    this.zone = core.zones.start(question, (zone) => ctx.isStuck(zone), ctx.outlivingMs);
    this.plan = new MinimisationPlan(
      question,
      this.zone.source === 'forward' ? 'off' : core.options.minimisation,
    );
    this.servers = this.enter(this.zone);
  }

  async run(): Promise<Walked | Failure> {
    let state: State = ASK;
    while (state.at !== 'done') {
      if (state.at === 'ask') state = this.ask();
      else if (state.at === 'wait') state = this.heard(state.asked, await state.result);
      else state = await this.findAddresses();
    }
    return state.result;
  }

  private enter(zone: AskedZone): NameServers {
    this.zone = zone;
    this.plan.enter(zone.zone);
    this.tried = new TriedServers(this.avoid);
    this.retry = undefined;
    this.queriesInZone = 0;
    this.emptyAnswer = undefined;
    if (this.ctx.traced)
      this.ctx.emit({ kind: 'zone', zone: zone.zone, servers: zone.servers.length, from: zone.source });
    this.doubtful = this.core.unreachable.has(zone.zone);
    this.servers = new NameServers(
      zone,
      this.core.addressBook,
      zone.source === 'stub' || zone.source === 'forward' ? () => true : this.core.options.usableAddress,
      this.core.options.upstreamPort,
      this.core,
      zone.source !== 'hints' && !this.doubtful,
    );
    return this.servers;
  }

  // --- ask ---------------------------------------------------------------------------------------------

  private ask(): State {
    const nowMs = this.core.clock.monotonicMs();
    const attempt = this.retry ?? this.chooseAttempt(nowMs);
    this.retry = undefined;
    if (!attempt) return ADDRESSES;
    const timeLeftMs = this.ctx.budget.timeLeftMs(nowMs);
    if (timeLeftMs === 0) return this.done(budgetFailure(this.ctx, this.report));
    if (++this.queriesInZone > MAX_QUERIES_PER_ZONE || !this.ctx.budget.spend('upstreamQueries')) {
      this.ctx.emit({ kind: 'limit', item: 'upstreamQueries' });
      return this.done(budgetFailure(this.ctx, this.report));
    }
    const question = this.nextQuestion();
    const exchange = this.ctx.nextExchange();
    const result = this.send(attempt, question, exchange, timeLeftMs);
    return { at: 'wait', asked: { attempt, question, exchange }, result };
  }

  /** Short names that are known to be no zone cut are passed over. DS questions look for the cut itself. */
  private nextQuestion(): Question {
    for (;;) {
      const question = this.plan.next();
      if (question === this.question || this.question.type === RRType.DS) return question;
      if (!this.core.uncut.has(this.zone.zone, question.name)) return question;
      this.plan.knows(question.name);
    }
  }

  private heard({ attempt, question, exchange }: Asked, result: SharedResult): State {
    if (result.kind === 'busy') return this.onBusy(attempt, result.what);
    return result.kind === 'fault'
      ? this.onFault(attempt, question, exchange, result.fault, result.afterMs)
      : this.onResponse(attempt, question, exchange, result);
  }

  private chooseAttempt(nowMs: number): Attempt | undefined {
    const { selector, options } = this.core;
    const candidates = this.servers.candidates();
    const server = selector.choose(this.zone.zone, candidates, this.tried, nowMs, this.question);
    if (!server) return undefined;
    const state = selector.state(server.address, nowMs);
    state.forgetWeakness(nowMs);
    const attempt = firstAttempt(server, state, options, this.core.random);
    // Silence may be a middlebox that drops OPT: the last try at a server that never showed EDNS goes without.
    return this.tried.count(server.address) >= 2 && state.ednsOk === 'unknown'
      ? (withoutEdns(attempt) ?? attempt)
      : attempt;
  }

  private send(
    attempt: Attempt,
    question: Question,
    exchange: number,
    timeLeftMs: number,
  ): Promise<SharedResult> {
    const { selector, exchanges, options } = this.core;
    const base = selector.timeoutMs(attempt.state);
    const timeoutMs = Math.min(
      timeLeftMs,
      attempt.transport === 'tcp' ? Math.max(MIN_TCP_TIMEOUT_MS, 3 * base) : base,
    );
    emitQuery(this.ctx, this.zone, attempt, question, this.question, exchange, timeoutMs);
    const query = queryOf(attempt, question, timeoutMs, this.zone, options.validating);
    return exchanges.exchange(query, this.zone.zone, selector.isHealthy(attempt.state));
  }

  /** Too much waits for this server, or for all of this zone: what comes on top fails at once. */
  private onBusy(attempt: Attempt, what: 'zone' | 'server'): State {
    this.ctx.meetLimit(what === 'zone' ? 'waitingPerZone' : 'waitingPerServer');
    if (what === 'zone') return this.done(busyFailure(this.zone, this.report));
    this.tried.exclude(attempt.server.address);
    this.report.note(attempt.server, attempt.transport, 'too many questions wait for it');
    return ASK;
  }

  // --- what came back -----------------------------------------------------------------------------------

  private onFault(
    attempt: Attempt,
    question: Question,
    exchange: number,
    fault: ExchangeFault,
    afterMs: number,
  ): State {
    const { address } = attempt.server;
    this.ctx.emit({ kind: 'no-response', exchange, why: fault, afterMs });
    this.report.note(attempt.server, attempt.transport, fault);
    if (fault === 'no-socket') return this.done(walkFailure('internal', 'no free socket', this.report));
    this.retry = insteadOfTcp(attempt);
    if (this.retry) return ASK;
    if (fault === 'near-miss' || fault === 'no-cookie') {
      // Someone guesses IDs, or the server is broken: TCP settles which.
      this.retry = byTcp(attempt, fault === 'no-cookie' ? 'cookie' : undefined);
      if (!this.retry) this.tried.note(address);
      return ASK;
    }
    if (fault === 'timeout' || fault === 'malformed') {
      this.tried.note(address);
      // A server that was silent before gets one probe, so that a dead zone does not cost every client the
      // whole time limit.
      const known = this.core.selector.isBackedOff(address);
      const sentMs = this.core.clock.monotonicMs() - afterMs;
      this.core.selector.fault(address, this.zone.zone, fault, sentMs);
      if (attempt.transport === 'tcp' || known) this.tried.exclude(address);
      if (this.doubtful && this.queriesInZone >= PROBES_OF_UNREACHABLE)
        return this.done(noServerFailure(this.zone, this.report));
      const isShort = question !== this.question;
      // Servers may be silent only about the short name: they get another chance with the full one.
      if (isShort && ++this.minimisedTimeouts >= MINIMISED_TIMEOUTS && this.plan.relax())
        this.tried = new TriedServers(this.avoid);
      return ASK;
    }
    this.tried.exclude(address);
    this.core.selector.fault(address, this.zone.zone, 'unreachable');
    return ASK;
  }

  private onResponse(
    attempt: Attempt,
    question: Question,
    exchange: number,
    result: Extract<UpstreamResult, { kind: 'response' }>,
  ): State {
    const { message, sizeOctets } = result;
    this.doubtful = false;
    // TCP time includes the handshake and says little about UDP.
    if (attempt.transport === 'udp') this.core.selector.rtt(attempt.state, result.rttMs);
    if (!this.ctx.budget.spend('bytes', sizeOctets)) {
      this.ctx.emit({ kind: 'limit', item: 'bytes' });
      return this.done(budgetFailure(this.ctx, this.report));
    }
    emitResponse(this.ctx, exchange, result);
    if (!result.caseMatched) {
      attempt.state.caseBroken = true;
      this.retry = byTcp(attempt, 'case');
      return ASK;
    }
    const scrubbed = scrub(message, question, this.zone.zone);
    emitScrubbed(this.ctx, exchange, scrubbed);
    const classified = classify(message, scrubbed, this.zone.source === 'forward');
    if (this.ctx.traced) this.ctx.emit({ kind: 'classified', exchange, as: responseClass(classified) });
    this.retry = noteResponse(attempt, message);
    if (this.retry) return ASK;
    const walked = (links: LinksFound): Walked => ({
      kind: 'links',
      steps: links.steps,
      last: links.last,
      end: links.end,
      denial: scrubbed.denial,
      zone: this.zone,
      server: attempt.server,
      transport: attempt.transport,
      aa: message.aa,
    });
    return this.onClassified(attempt, question, classified, scrubbed, walked);
  }

  private onClassified(
    attempt: Attempt,
    question: Question,
    classified: Classified,
    scrubbed: Scrubbed,
    walked: (links: LinksFound) => Walked,
  ): State {
    switch (classified.kind) {
      case 'links':
        if (question !== this.question) return this.onMinimised(question, walked(classified));
        return this.onLinks(attempt, walked(classified));
      case 'referral':
        return question.type === RRType.DS && classified.referral.child === question.name
          ? this.done(walked(dsOfReferral(question.name, classified.referral)))
          : this.onReferral(classified.referral, scrubbed);
      case 'empty': {
        if (question !== this.question) {
          this.plan.passed(question);
          return ASK;
        }
        this.emptyAnswer ??= walked(nothingAt(this.question.name));
        return this.giveUpOn(attempt, 'useless', 'empty response');
      }
      case 'truncated': {
        this.retry = byTcp(attempt);
        return this.retry ? ASK : this.giveUpOn(attempt, 'truncated-tcp', 'truncated over TCP');
      }
      case 'lame':
        return this.giveUpOn(attempt, 'lame', classified.detail);
      case 'name-too-long':
        return this.done({
          ...walkFailure('name-too-long', 'a DNAME makes the name too long', this.report),
          aliases: [classified.dname],
        });
      case 'oversized':
        return this.done(walkFailure('bad-response', classified.detail, this.report));
      case 'error':
        return this.onError(attempt, question, classified.fault);
    }
  }

  /** An answer about a shortened name: it is no zone cut, so go on below it. */
  private onMinimised(question: Question, walked: Walked): State {
    const isAbsent = walked.end.kind === 'nxdomain';
    if (isAbsent && !this.plan.relax()) return this.done({ ...walked, steps: [], last: this.question.name });
    this.core.uncut.learn(question.name, walked);
    if (isAbsent)
      this.ctx.emit({ kind: 'minimise', asked: question.name, full: this.question.name, relaxed: true });
    else this.plan.passed(question);
    return ASK;
  }

  private onLinks(attempt: Attempt, walked: Walked): State {
    if (this.core.deniesDsFromChild(this.question, walked)) {
      // The server has the child but perhaps not the parent: find the parent's servers step by step.
      if (this.plan.stepByStep()) return ASK;
      return this.giveUpOn(attempt, 'lame', 'answers DS from the child side of the cut');
    }
    return this.done(walked);
  }

  private onReferral(referral: ReferralData, scrubbed: Scrubbed): State {
    if (!this.ctx.budget.spend('referrals')) {
      this.ctx.emit({ kind: 'limit', item: 'referrals' });
      return this.done(budgetFailure(this.ctx, this.report));
    }
    const zone = this.core.learnDelegation(referral, scrubbed.denial, this.zone);
    if (this.ctx.isStuck(zone.zone)) return this.done(noServerFailure(zone, this.report));
    // A zone of the configuration below here is asked where the configuration says.
    const configured = this.core.zones.configuredFor(askedSide(this.question));
    this.enter(configured && configured.zone.length >= zone.zone.length ? configured : zone);
    return ASK;
  }

  private onError(
    attempt: Attempt,
    question: Question,
    fault: 'refused' | 'servfail' | 'formerr' | 'notimp' | 'useless',
  ): State {
    if (fault === 'formerr' || fault === 'notimp') {
      this.retry = withoutEdns(attempt);
      if (this.retry) return ASK;
    }
    if (question !== this.question && this.plan.relax()) {
      this.ctx.emit({ kind: 'minimise', asked: question.name, full: this.question.name, relaxed: true });
      return ASK;
    }
    return this.giveUpOn(attempt, fault, fault.toUpperCase());
  }

  private giveUpOn(
    attempt: Attempt,
    fault: 'refused' | 'servfail' | 'formerr' | 'notimp' | 'useless' | 'lame' | 'truncated-tcp',
    what: string,
  ): State {
    this.tried.exclude(attempt.server.address);
    this.core.selector.fault(attempt.server.address, this.zone.zone, fault);
    this.report.note(attempt.server, attempt.transport, what);
    return ASK;
  }

  // --- addresses ----------------------------------------------------------------------------------------

  private async findAddresses(): Promise<State> {
    if (await this.servers.resolveSome(this.ctx)) return ASK;
    this.servers.distrustGlue();
    emitServers(this.ctx, this.zone, this.servers);
    if (!this.emptyAnswer && (await this.servers.resolveSome(this.ctx))) return ASK;
    if (this.emptyAnswer) return this.done(this.emptyAnswer);
    if (this.servers.despair()) return ASK;
    if (this.ctx.budget.exceeded) return this.done(budgetFailure(this.ctx, this.report));
    const failure = noServerFailure(this.zone, this.report);
    // Deeper down a zone may only lack what waits for it above.
    if (this.ctx.depth === 0) this.core.unreachable.note(this.zone.zone, failure);
    return this.done(failure);
  }

  private done(result: Walked | Failure): State {
    return { at: 'done', result };
  }
}
