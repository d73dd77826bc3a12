/**
 * Recordings in anyone's tests: a lookup that failed somewhere, walked again here, without network and in no time.
 *
 * `replay` of `stratadns/testing`. The recording is a file that `stratadns trace --record` wrote, or its content.
 */
import { fileURLToPath } from 'node:url';
import type { ConfigInput } from '../../config/input.js';
import type { Question } from '../../dns/rrset.js';
import { readName, readType } from '../../observe/question-text.js';
import type { OutcomeReport } from '../../observe/sinks/collect.js';
import { type Recording, rcodeOf } from '../recording/recording.js';
import { loadRecording, readRecording } from '../recording/recording-file.js';
import { replayRecording } from '../recording/replay.js';
import { ascii } from './ascii.js';
import { ResolutionTrace } from './trace.js';

export interface ReplayOptions {
  /** Another name or type than the recorded one; what it needs must be in the recording. */
  readonly name?: string;
  readonly type?: string;
  /** Laid over the configuration of the recording: would it resolve with these settings? */
  readonly config?: ConfigInput;
}

/** What came of a replay. */
export interface Replay {
  /** What a client is told. */
  readonly rcode: 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL';
  readonly outcome: OutcomeReport;
  /** How it ended when it was recorded. */
  readonly recorded: OutcomeReport;
  /** In what the two differ, in words; empty when they do not, or when another question was asked. */
  readonly differences: readonly string[];
  /** Queries that could not be met as they were then, a sentence each. */
  readonly departures: readonly string[];
  /** Tree, verdict, events. */
  readonly trace: ResolutionTrace;
}

/**
 * Walks a recording again.
 *
 * @param recording path or URL of a file, or the parsed JSON of one
 * @throws {RecordingError} that says what is wrong, with line and JSON pointer
 * @throws {ConfigError} for `options.config`, {QuestionError} for `options.name` and `options.type`
 */
export async function replay(recording: string | URL | object, options: ReplayOptions = {}): Promise<Replay> {
  const read = open(recording);
  const config = options.config === undefined ? read.config : overlaid(read.config, options.config);
  const asked = askedQuestion(read, options);
  const { report, differences, departures } = await replayRecording({ ...read, config }, asked);
  return {
    rcode: rcodeOf(report.outcome.kind),
    outcome: report.outcome,
    recorded: read.outcome,
    differences,
    departures,
    trace: new ResolutionTrace(report),
  };
}

function open(recording: string | URL | object): Recording {
  if (typeof recording === 'string') return loadRecording(recording);
  return recording instanceof URL
    ? loadRecording(fileURLToPath(recording))
    : readRecording(recording, 'recording');
}

/** One part of the question in the place of the recorded one, or both. */
function askedQuestion({ question }: Recording, { name, type }: ReplayOptions): Question {
  return {
    ...question,
    ...(name === undefined ? {} : { name: readName(ascii(name)) }),
    ...(type === undefined ? {} : { type: readType(type) }),
  };
}

/** Section by section; lists and values take the place of those below. */
function overlaid<T extends object>(below: T, above: T): T {
  const merged = Object.entries(above).map(([key, value]): [string, unknown] => {
    const under = (below as Record<string, unknown>)[key];
    return [key, isSection(value) && isSection(under) ? overlaid(under, value) : value];
  });
  return { ...below, ...Object.fromEntries(merged) };
}

function isSection(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
