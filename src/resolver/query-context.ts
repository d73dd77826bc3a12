/**
 * What one resolution carries with it: budget, trace, depth, and what it is waiting for.
 *
 * Made once per client query; sub-resolutions get a child that shares the budget and the sink, so that no
 * limit can be reset on the way (see runtime/budget.ts).
 */
import type { Name } from '../dns/name.js';
import type { Question } from '../dns/rrset.js';
import type { Budget, SharedLimit } from '../runtime/budget.js';
import type { Clock } from '../runtime/clock.js';
import type { SpanPurpose, TraceEvent, TraceSink } from '../runtime/trace.js';
import { FreshData } from './fresh-data.js';

interface TraceState {
  readonly sink: TraceSink;
  readonly startedMs: number;
  spans: number;
  exchanges: number;
}

export class QueryContext {
  /** RRsets and denials that this resolution has just learnt; usable by it even with a TTL of 0. */
  readonly fresh: FreshData;

  private constructor(
    readonly budget: Budget,
    readonly clock: Clock,
    /** 0 for the client's question, one more for each sub-resolution that needed another. */
    readonly depth: number,
    readonly purpose: SpanPurpose,
    /** The sub-resolution that waits for this one; walking it up finds cyclic dependencies. */
    private readonly parent: QueryContext | undefined,
    private readonly question: Question,
    private readonly traceState: TraceState | undefined,
    readonly span: number,
    /** Caches are not read for the question itself (what is learnt is stored as always). */
    readonly bypassCache: boolean,
    /** Zone whose servers' addresses are being sought by this resolution: it cannot be asked meanwhile. */
    private readonly soughtFor: Name | undefined,
    /** Wall ms; delegations that end by then are not begun from. */
    readonly outlivingMs = 0,
  ) {
    this.fresh = parent?.fresh ?? new FreshData();
  }

  static root(
    question: Question,
    budget: Budget,
    clock: Clock,
    options: { trace?: TraceSink; purpose?: SpanPurpose; bypassCache?: boolean; outlivingMs?: number } = {},
  ): QueryContext {
    const state = options.trace
      ? { sink: options.trace, startedMs: clock.monotonicMs(), spans: 1, exchanges: 0 }
      : undefined;
    const purpose = options.purpose ?? 'client';
    const bypass = options.bypassCache ?? false;
    const ctx = new QueryContext(
      budget,
      clock,
      0,
      purpose,
      undefined,
      question,
      state,
      0,
      bypass,
      undefined,
      options.outlivingMs,
    );
    if (state) ctx.emit({ kind: 'span', parent: 0, purpose, question });
    return ctx;
  }

  /**
   * A sub-resolution. Undefined when it would go too deep or would wait for itself.
   * @param soughtFor the zone that waits for the address in question
   */
  child(question: Question, purpose: SpanPurpose, soughtFor?: Name): QueryContext | undefined {
    if (this.waitsFor(question)) return undefined;
    if (!this.budget.enterDepth(this.depth + 1)) {
      this.emit({ kind: 'limit', item: 'depth' });
      return undefined;
    }
    const span = this.traceState ? this.traceState.spans++ : 0;
    const ctx = new QueryContext(
      this.budget,
      this.clock,
      this.depth + 1,
      purpose,
      this,
      question,
      this.traceState,
      span,
      false,
      soughtFor,
    );
    if (this.traced) ctx.emit({ kind: 'span', parent: this.span, purpose, question });
    return ctx;
  }

  /** Too much waits for a zone or server already, of all queries together. */
  meetLimit(limit: SharedLimit): void {
    this.budget.met ??= limit;
    this.emit({ kind: 'limit', item: limit });
  }

  /** True when this question is being resolved here or by anyone who waits for us. */
  private waitsFor(question: Question): boolean {
    for (let ctx: QueryContext | undefined = this; ctx; ctx = ctx.parent) {
      if (ctx.question.name === question.name && ctx.question.type === question.type) return true;
    }
    return false;
  }

  /** True when an address of `name` is being looked up by anyone who waits for us: asking again is a cycle. */
  needsAddressOf(name: Name): boolean {
    for (let ctx: QueryContext | undefined = this; ctx; ctx = ctx.parent) {
      if (ctx.purpose === 'ns-address' && ctx.question.name === name) return true;
    }
    return false;
  }

  /** True for a zone that waits for this very resolution: only the zones above it can help. */
  isStuck(zone: Name): boolean {
    for (let ctx: QueryContext | undefined = this; ctx; ctx = ctx.parent) {
      if (ctx.soughtFor === zone) return true;
    }
    return false;
  }

  get traced(): boolean {
    return this.traceState !== undefined;
  }

  /** Emits into the sink; callers that build costly events ask `traced` first. */
  emit(event: TraceEvent): void {
    const state = this.traceState;
    if (!state) return;
    state.sink.emit({ ...event, atMs: this.clock.monotonicMs() - state.startedMs, span: this.span });
  }

  /** A number for the next exchange with a server, unique within the trace. */
  nextExchange(): number {
    return this.traceState ? ++this.traceState.exchanges : 0;
  }
}
