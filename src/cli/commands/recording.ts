/**
 * `--record` and `--replay` of `stratadns trace` and `explain`: a walk into a file, and from a file.
 */
import { writeFileSync } from 'node:fs';
import { MockInternet } from '../../compose/mock-internet.js';
import { networkGround, recordWalk } from '../../compose/recording/record-walk.js';
import type { Recording } from '../../compose/recording/recording.js';
import { RecordingError } from '../../compose/recording/recording-error.js';
import { loadRecording, readRecording, recordingText } from '../../compose/recording/recording-file.js';
import { replayRecording } from '../../compose/recording/replay.js';
import type { Config } from '../../config/fields.js';
import { defaultConfig } from '../../config/load.js';
import { formatName } from '../../dns/name.js';
import { formatType } from '../../dns/registry.js';
import type { Question } from '../../dns/rrset.js';
import type { TraceReport } from '../../observe/sinks/collect.js';
import { plural, printable } from '../../observe/sinks/styles.js';
import { systemClock } from '../../runtime/clock.js';
import { secureRandom } from '../../runtime/random.js';
import { silentLog } from '../../server/log.js';
import { readConfiguration } from '../configuration.js';
import { CliError, ExitCode, type Io } from '../io.js';
import type { ServerClient } from '../server-client.js';
import { packageVersion } from '../version.js';
import { withZoneProblems } from './serve.js';

/** A report, and what is to be said when it has been shown. */
interface Walked {
  readonly report: TraceReport;
  readonly say: () => void;
}

/** Walks here, and writes the file before anything is shown. */
export async function recordHere(
  file: string,
  question: Question,
  options: { readonly config?: string; readonly zones?: string },
  io: Io,
): Promise<Walked> {
  const config = readConfiguration({ config: options.config });
  const { zones } = options;
  const mock = zones === undefined ? undefined : await openMock(zones);
  try {
    const ground = networkGround(mock?.root);
    const { report, recording } = await recordWalk(ground, config, question, `stratadns ${packageVersion()}`);
    writeRecording(file, recordingText(recording));
    const say = () => {
      io.err(recordedLine(file, recording));
      if (hasRules(config)) {
        io.err('The rules of the configuration for names (policy, views) are no part of a recording.\n');
      }
    };
    return { report, say };
  } finally {
    await mock?.close();
  }
}

/** Has a running server walk, with caches of its own for it. What is shown is the replay of what it gave. */
export async function recordThere(
  file: string,
  question: Question,
  server: ServerClient,
  io: Io,
): Promise<Walked> {
  const { name, type } = question;
  const query = { name: formatName(name), type: formatType(type), record: '1' };
  const recording = ourRecording(await server.json('GET', '/trace', query), server);
  writeRecording(file, recordingText(recording));
  const replayed = await replayRecording(recording);
  const say = () => {
    io.err(recordedLine(file, recording));
    sayEnding(replayed, io);
  };
  return { report: replayed.report, say };
}

function ourRecording(reply: unknown, server: ServerClient): Recording {
  try {
    return readRecording(reply, 'the reply');
  } catch (error) {
    if (error instanceof RecordingError && !isRecording(reply)) throw server.notOurs();
    throw error; // of another version, say
  }
}

function isRecording(reply: unknown): boolean {
  return typeof reply === 'object' && reply !== null && 'stratadns-recording' in reply;
}

function recordedLine(file: string, { exchanges }: Recording): string {
  return `Recorded in ${printable(file)}: ${plural(exchanges.length, 'exchange')}.\n`;
}

function openMock(zones: string): Promise<MockInternet> {
  return withZoneProblems(() => MockInternet.open(zones, systemClock, secureRandom(), silentLog, 0));
}

function writeRecording(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(ExitCode.failed, `The recording cannot be written: ${why}`);
  }
}

function hasRules({ policy, views }: Config): boolean {
  return views.length > 0 || JSON.stringify(policy) !== JSON.stringify(defaultConfig().policy);
}

/** @param question in place of the recorded one */
export async function replayHere(file: string, question: Question | undefined, io: Io): Promise<Walked> {
  const recording = loadRecording(file);
  const replayed = await replayRecording(recording, question);
  return { report: replayed.report, say: () => sayEnding(replayed, io) };
}

/** Where a replay went other ways than the walk. @throws {CliError} when it ended otherwise */
function sayEnding({ departures, differences }: Awaited<ReturnType<typeof replayRecording>>, io: Io): void {
  for (const departure of departures) io.err(`${printable(departure)}\n`);
  if (differences.length === 0) return;
  const lines = differences.map((difference) => `  ${printable(difference)}`);
  throw new CliError(
    ExitCode.failed,
    ['The replay ended otherwise than the recording:', ...lines].join('\n'),
  );
}
