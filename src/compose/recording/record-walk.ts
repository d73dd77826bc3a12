/**
 * Walks one question with empty caches and records it.
 *
 * An engine of its own, whatever else runs: what other caches hold could not be told from the recording. The shared
 * cache of the configuration is not asked, and the operator's rules for names play no part.
 */
import type { Config } from '../../config/fields.js';
import type { Question } from '../../dns/rrset.js';
import { type TraceReport, traceQuestion } from '../../observe/sinks/collect.js';
import type { RecursiveResolver } from '../../resolver/contract.js';
import { type Clock, systemClock } from '../../runtime/clock.js';
import { type Random, secureRandom } from '../../runtime/random.js';
import type { TraceSink } from '../../runtime/trace.js';
import { ExchangeRecorder } from '../../transport/exchange-recorder.js';
import { NetworkUpstream } from '../../transport/network-upstream.js';
import type { Upstream } from '../../transport/upstream.js';
import type { UpstreamTap } from '../../transport/upstream-tap.js';
import { Engine } from '../engine.js';
import type { MockRoot } from '../mock-internet.js';
import { recordedConfig } from './recorded-config.js';
import type { Recording } from './recording.js';

/** Where it is walked. */
export interface RecordingGround {
  readonly clock: Clock;
  readonly random: Random;
  /** A network that tells `tap` of its packets. */
  readonly open: (tap: UpstreamTap) => Upstream;
  readonly mock?: MockRoot | undefined;
}

export interface Recorded {
  readonly report: TraceReport;
  readonly recording: Recording;
}

/** The real network, or the sockets of a mock internet. */
export function networkGround(mock?: MockRoot): RecordingGround {
  const clock = systemClock;
  const random = secureRandom();
  return { clock, random, mock, open: (tap) => new NetworkUpstream({ clock, random, tap }) };
}

/** Never rejects for what servers or the network do. */
export async function recordWalk(
  { clock, random, open, mock }: RecordingGround,
  config: Config,
  question: Question,
  recordedBy: string,
): Promise<Recorded> {
  const recorder = new ExchangeRecorder(clock);
  const engine = new Engine({
    config: coldConfig(config),
    clock,
    random,
    upstream: recorder.over(open(recorder)),
    ...(mock ? { mock } : {}),
    writesState: false,
  });
  try {
    const anchors = engine.trustAnchors;
    const startedAtMs = Math.floor(clock.wallMs());
    const startMs = clock.monotonicMs();
    const report = await traceQuestion(traceOf(engine.resolver), question);
    const exchanges = recorder.exchanges(startMs);
    const recording: Recording = {
      recordedBy,
      startedAtMs,
      question,
      outcome: report.outcome,
      config: recordedConfig(config, anchors, mock),
      lookups: lookupsOf(report),
      exchanges,
    };
    return { report, recording };
  } finally {
    await engine.close();
  }
}

/** What `traceQuestion` asks, for a resolver without rules of the operator. */
export function traceOf(resolver: RecursiveResolver) {
  return {
    trace: async (question: Question, trace: TraceSink) =>
      (await resolver.resolve(question, { trace })).outcome,
  };
}

/** Without what keeps or shares data outside the engine. */
export function coldConfig(config: Config): Config {
  const { cache } = config;
  return { ...config, cache: { ...cache, shared: { ...cache.shared, url: null } } };
}

function lookupsOf({ events }: TraceReport): Recording['lookups'] {
  const names = events.flatMap((event) =>
    event.kind === 'span' && event.purpose === 'ns-address' ? [event.question.name] : [],
  );
  return [...new Set(names)];
}
