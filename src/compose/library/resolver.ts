/**
 * The resolver as a library: no listeners, no threads, the caller's event loop.
 *
 * Made by `createResolver` (src/index.ts). The same engine as the server's, on the network or on a mock
 * internet. Outcomes that are no answer become errors here (errors.ts), since that is what callers of
 * `dns.promises` and `dns.lookup` handle.
 * Limitations: no stub cache in front, since RRsets come from the resolver cache as values anyway; `listen`,
 * `workers`, `cache.stub`, `cache.persist`, `access`, `rateLimit`, `http` and `log` are checked and have no effect.
 */
import { totalOf } from '../../cache/flush.js';
import type { Config } from '../../config/fields.js';
import type { ConfigInput } from '../../config/input.js';
import { checkConfig } from '../../config/load.js';
import { formatName, isSubdomain, type Name } from '../../dns/name.js';
import { assertNever, type Outcome } from '../../dns/outcome.js';
import { formatType, Rcode } from '../../dns/registry.js';
import type { Question } from '../../dns/rrset.js';
import { QuestionError, readName, readQuestion } from '../../observe/question-text.js';
import { traceQuestion } from '../../observe/sinks/collect.js';
import type { LookupClass, ResolveOptions } from '../../resolver/contract.js';
import { KeepAlive } from '../../runtime/keep-alive.js';
import type { TraceSink } from '../../runtime/trace.js';
import { answerLocally } from '../../server/local-zones.js';
import { Engine } from '../engine.js';
import { ascii } from './ascii.js';
import * as errors from './errors.js';
import { type Ground, type ResolvableInternet, realInternet } from './ground.js';
import { type Lookup, makeLookup } from './lookup.js';
import { type ResolveResult, resultOf } from './records.js';
import { ResolutionTrace } from './trace.js';

/** Options of {@link LibraryResolver}: the keys of the configuration file, and where to resolve. */
export interface ResolverOptions extends ConfigInput {
  /** Resolve on this mock internet (`createInternet`) instead of the network. */
  readonly internet?: ResolvableInternet;
}

export class LibraryResolver implements AsyncDisposable {
  /**
   * Drop-in for `dns.lookup`: give it to `net.connect`, `http.Agent`, undici's `connect`, or call it.
   * `util.promisify` gives the form that returns `{ address, family }`.
   */
  readonly lookup: Lookup;
  private readonly config: Config;
  private readonly ground: Ground;
  private readonly engine: Engine;
  private readonly keepAlive = new KeepAlive();
  /** One for each call under way: rejects it. */
  private readonly aborts = new Set<() => void>();
  private closed = false;

  /** @throws {ConfigError} for an unknown option or a bad value, with its name */
  constructor({ internet, ...options }: ResolverOptions = {}) {
    this.config = checkConfig(options, 'options');
    const forget = (name: Name) => void this.engine.flush({ name, subtree: true });
    this.ground = (internet ?? realInternet).ground(forget);
    this.engine = new Engine({ config: this.config, ...this.ground });
    this.lookup = makeLookup((question, details) =>
      this.during(details, async () => (await this.outcomeOf(question)).outcome),
    );
  }

  /**
   * Records of one type, from a cache or by walking.
   *
   * @param name as in `www.example.com`, always absolute; other scripts are taken as IDNA
   * @param type mnemonic or TYPEn
   * @throws {NameNotFoundError}, {NoDataError}, {ServerFailureError}, {BadNameError}, {BadTypeError}, {ResolverClosedError}
   */
  async resolve<const T extends string = 'A'>(name: string, type?: T): Promise<ResolveResult<T>> {
    const details = { hostname: name, syscall: `query${cased(type ?? 'A')}` };
    const question = askedQuestion(name, type, details);
    const { outcome, layer } = await this.during(details, () => this.outcomeOf(question));
    switch (outcome.kind) {
      case 'answer':
        return resultOf<T>(
          { name: formatName(question.name), type: formatType(question.type) },
          outcome,
          layer,
        );
      case 'nxdomain':
        throw new errors.NameNotFoundError({ ...details, ede: outcome.ede ?? [] }, outcome.security);
      case 'nodata':
        throw new errors.NoDataError({ ...details, ede: outcome.ede ?? [] }, outcome.security);
      case 'failure':
        throw new errors.ServerFailureError({ ...details, ede: outcome.ede }, outcome.reason);
      default:
        return assertNever(outcome);
    }
  }

  /**
   * Resolves and tells how: which caches and servers were asked, what came back. A name that does not
   * resolve is no error here but the trace's outcome.
   *
   * @param options.fresh walk though caches could answer
   * @throws {BadNameError}, {BadTypeError}, {ResolverClosedError}
   */
  async trace(name: string, type?: string, options?: { readonly fresh?: boolean }): Promise<ResolutionTrace> {
    const details = { hostname: name, syscall: `query${cased(type ?? 'A')}` };
    const question = askedQuestion(name, type, details);
    const control = {
      trace: async (asked: Question, sink: TraceSink) => {
        const resolving = { trace: sink, bypassCache: options?.fresh ?? false };
        return (await this.outcomeOf(asked, resolving)).outcome;
      },
    };
    const report = await this.during(details, () => traceQuestion(control, question));
    return new ResolutionTrace(report);
  }

  /**
   * Forgets what the caches hold of a name, and of all names below it.
   *
   * @returns how many entries went
   * @throws {BadNameError}
   */
  forget(name: string): number {
    const details = { hostname: name, syscall: 'forget' };
    const flushed = badNames(details, () => readName(ascii(name)));
    return totalOf(this.engine.flush({ name: flushed, subtree: true }));
  }

  /** Frees sockets; calls under way reject with ECANCELLED. May be called again. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    for (const abort of [...this.aborts]) abort();
    this.ground.detach();
    await this.engine.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async outcomeOf(
    question: Question,
    options: ResolveOptions = {},
  ): Promise<{ outcome: Outcome; layer: LookupClass }> {
    const local = this.localOutcome(question, options.trace);
    if (local) return { outcome: local, layer: 'local' };
    const { outcome, lookupClass } = await this.engine.resolver.resolve(question, options);
    return { outcome, layer: lookupClass };
  }

  /** Special-use names, as the server's stage answers them. */
  private localOutcome(question: Question, trace: TraceSink | undefined): Outcome | undefined {
    if (!this.config.specialUse || this.servedElsewhere(question.name)) return undefined;
    const found = answerLocally(question);
    if (!found) return undefined;
    const place = { atMs: 0, span: 0 };
    trace?.emit({
      kind: 'policy',
      rule: 'special-use',
      action: 'answered by this resolver itself',
      ...place,
    });
    const common = { aliases: [], proof: [], security: 'insecure' } as const;
    if (found.answer.length > 0) return { ...common, kind: 'answer', rrsets: found.answer };
    const kind = found.rcode === Rcode.NXDOMAIN ? 'nxdomain' : 'nodata';
    return { ...common, kind, soa: found.authority[0] };
  }

  private servedElsewhere(name: Name): boolean {
    const configured = [...this.config.forward, ...this.config.stub];
    return configured.some(({ zone }) => isSubdomain(name, zone)) || this.ground.serves(name);
  }

  /** Does `work` unless closed, and holds the process meanwhile. */
  private during<T>(details: errors.ErrorDetails, work: () => Promise<T>): Promise<T> {
    if (this.closed) return Promise.reject(new errors.ResolverClosedError(details));
    const settled = new Promise<T>((resolve, reject) => {
      const abort = () => reject(new errors.ResolverClosedError(details));
      this.aborts.add(abort);
      this.ground
        .run(work())
        .then(resolve, reject)
        .finally(() => this.aborts.delete(abort));
    });
    return this.keepAlive.during(settled);
  }
}

/** As Node spells it: `queryA`, `queryMx`. */
function cased(type: string): string {
  return type.length <= 1 || /\d/.test(type) ? type : type[0]!.toUpperCase() + type.slice(1).toLowerCase();
}

function askedQuestion(name: string, type: string | undefined, details: errors.ErrorDetails): Question {
  return badNames(details, () => readQuestion(ascii(name), type));
}

function badNames<T>(details: errors.ErrorDetails, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error;
    const Kind = error.code === 'BAD_TYPE' ? errors.BadTypeError : errors.BadNameError;
    throw new Kind(details, error.message);
  }
}
