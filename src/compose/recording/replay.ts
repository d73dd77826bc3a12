/**
 * Walks a recording again: the same question, servers that say what they said, a clock that starts when it was made.
 *
 * Nothing touches the network, and time is virtual, so a replay takes as long as its computing. Choices that are drawn
 * otherwise are those of the recording (resolver/preference.ts). What the walk asks beyond it is told, not looked for.
 */
import { checkConfig } from '../../config/load.js';
import type { Question } from '../../dns/rrset.js';
import { type TraceReport, traceQuestion } from '../../observe/sinks/collect.js';
import type { Preference } from '../../resolver/preference.js';
import { VirtualClock } from '../../runtime/clock.js';
import { seededRandom } from '../../runtime/random.js';
import { type Departure, ReplayUpstream } from '../../transport/replay-upstream.js';
import type { ServerEndpoint } from '../../transport/upstream.js';
import { Engine } from '../engine.js';
import { coldConfig, traceOf } from './record-walk.js';
import { differences, type Recording } from './recording.js';
import { questionText } from './recording-file.js';

export interface Replayed {
  readonly report: TraceReport;
  /** Queries that could not be met as they were then, one sentence each. */
  readonly departures: readonly string[];
  /** In what it ended otherwise than recorded; empty for another question than the recorded one. */
  readonly differences: readonly string[];
}

/** @param question in place of the recorded one */
export async function replayRecording(recording: Recording, question?: Question): Promise<Replayed> {
  const clock = new VirtualClock(recording.startedAtMs);
  const upstream = new ReplayUpstream(recording.exchanges, clock);
  const engine = new Engine({
    config: coldConfig(checkConfig(recording.config, 'config')),
    clock,
    random: seededRandom(1),
    preference: preferenceOf(recording, upstream),
    upstream,
    writesState: false,
  });
  const asked = question ?? recording.question;
  try {
    const report = await clock.runUntil(traceQuestion(traceOf(engine.resolver), asked));
    const isSame = questionText(asked) === questionText(recording.question);
    return {
      report,
      departures: [...new Set(upstream.departures.map(departureText))],
      differences: isSame ? differences(recording.outcome, report.outcome) : [],
    };
  } finally {
    await engine.close();
  }
}

function preferenceOf({ lookups }: Recording, upstream: ReplayUpstream): Preference {
  return {
    server: (zone, addresses, sought) => upstream.preferred(zone, addresses, sought),
    nameServer: (names) => lookups.find((name) => names.includes(name)),
  };
}

function departureText({ question, endpoint, transport, standIn }: Departure): string {
  const asked = `${questionText(question)} at ${endpointText(endpoint)} ${transport}`;
  return standIn === undefined
    ? `not in the recording: ${asked}`
    : `not in the recording: ${asked}; taken is what ${endpointText(standIn)} said`;
}

function endpointText({ address, port }: ServerEndpoint): string {
  return port === 53 ? address : `${address}@${port}`;
}
