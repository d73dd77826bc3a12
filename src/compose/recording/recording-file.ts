/**
 * A recording as JSON, and back.
 *
 * Format 1 is documented in docs/recordings.md. Octets are base64 with a readable question beside them. Reading checks
 * all of it, also that each response answers its query, so that a damaged file is refused and not half believed.
 * Limitations: a changed octet in data that no signature covers cannot be noticed.
 */
import { readFileSync, statSync } from 'node:fs';
import type { z } from 'zod';
import { checkConfig } from '../../config/load.js';
import { ConfigError } from '../../config/problems.js';
import { formatName } from '../../dns/name.js';
import { formatType } from '../../dns/registry.js';
import type { Question } from '../../dns/rrset.js';
import type { JsonObject } from '../../observe/sinks/json.js';
import type { RecordedExchange } from '../../transport/exchange-recorder.js';
import { judgeRecorded } from '../../transport/replay-upstream.js';
import { peekQuestion } from '../../wire/peek.js';
import { JsonPlaces } from './json-places.js';
import { foreignKeys } from './recorded-config.js';
import { type Recording, rcodeOf } from './recording.js';
import { pointerOf, RecordingError, type RecordingProblem } from './recording-error.js';
import { recordingSchema } from './recording-schema.js';

const FORMAT = 1;
const FORMAT_KEY = 'stratadns-recording';
/** A walk may receive 512 KiB; what is larger is no recording. */
const MAX_FILE_OCTETS = 4 * 1024 * 1024;

/** The file of a recording; the line breaks make it fit for version control. */
export function recordingText(recording: Recording): string {
  return `${JSON.stringify(recordingToJson(recording), undefined, 2)}\n`;
}

export function recordingToJson(recording: Recording): JsonObject {
  const { kind, security, reason, records, ede, stale } = recording.outcome;
  return {
    [FORMAT_KEY]: FORMAT,
    recordedBy: recording.recordedBy,
    recordedAt: new Date(recording.startedAtMs).toISOString(),
    question: questionText(recording.question),
    outcome: {
      RCODE: rcodeOf(kind),
      outcome: kind,
      ...(security === undefined ? {} : { security }),
      ...(reason === undefined ? {} : { reason }),
      ...(stale ? { stale } : {}),
      records,
      EDE: ede.map(({ code, text }) => ({ INFO_CODE: code, EXTRA_TEXT: text })),
    },
    config: recording.config,
    lookups: recording.lookups.map(formatName),
    exchanges: recording.exchanges.map(exchangeToJson),
  };
}

function exchangeToJson(exchange: RecordedExchange): JsonObject {
  const { question, zone, endpoint, transport, query, response, fault } = exchange;
  return {
    question: questionText(question),
    zone: formatName(zone),
    server: `${endpoint.address}@${endpoint.port}`,
    transport,
    sentMs: exchange.sentMs,
    tookMs: exchange.tookMs,
    ...(fault === undefined ? {} : { fault }),
    ...(query ? { query: query.toString('base64') } : {}),
    ...(response ? { response: response.toString('base64') } : {}),
  };
}

/** `www.example.com. AAAA`. */
export function questionText({ name, type }: Question): string {
  return `${formatName(name)} ${formatType(type)}`;
}

/** @throws {RecordingError} */
export function loadRecording(file: string): Recording {
  let text: string;
  try {
    if (statSync(file).size > MAX_FILE_OCTETS) throw new Error('it is larger than 4 MiB');
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new RecordingError(file, [{ pointer: '', message: `cannot be read: ${why}` }]);
  }
  return parseRecording(text, file);
}

/**
 * @param source what to call it in errors: its path
 * @throws {RecordingError}
 */
export function parseRecording(text: string, source: string): Recording {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const line = new JsonPlaces(text).firstError;
    throw new RecordingError(source, [{ pointer: '', message: 'not JSON, or not all of it', line }]);
  }
  return readRecording(value, source, text);
}

type Problem = RecordingProblem & { readonly path: readonly PropertyKey[] };

/**
 * @param text that the value was read from, for line numbers
 * @throws {RecordingError}
 */
export function readRecording(value: unknown, source: string, text?: string): Recording {
  const fail = (problems: readonly Problem[]): never => {
    const places = text === undefined ? undefined : new JsonPlaces(text);
    const placed = problems.map(({ path, ...problem }) => ({ ...problem, line: places?.lineOf(path) }));
    throw new RecordingError(source, placed);
  };
  const wrong = wrongFormat(value);
  if (wrong) fail([wrong]);
  const read = recordingSchema.safeParse(value);
  if (!read.success) return fail(read.error.issues.flatMap(problemsOf));
  const { [FORMAT_KEY]: _format, recordedAt, ...rest } = read.data;
  const recording: Recording = { ...rest, startedAtMs: recordedAt };
  const problems = [...configProblems(recording.config), ...recording.exchanges.flatMap(exchangeProblems)];
  return problems.length > 0 ? fail(problems) : recording;
}

function problem(path: readonly PropertyKey[], message: string): Problem {
  return { path, pointer: pointerOf(path), message };
}

/** What is no recording at all, or one of another version, gets one sentence and not a list. */
function wrongFormat(value: unknown): Problem | undefined {
  const format: unknown = (value as JsonObject | null)?.[FORMAT_KEY];
  if (format === FORMAT) return undefined;
  if (format === undefined) return problem([], `no recording of stratadns: it has no "${FORMAT_KEY}"`);
  return problem([FORMAT_KEY], `this version reads format ${FORMAT}, and not ${shown(format)}`);
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => problem([...issue.path, key], 'unknown key'));
  }
  return [problem(issue.path, issue.message)];
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function configProblems(config: unknown): Problem[] {
  const foreign = foreignKeys(config).map((path) =>
    problem(['config', ...path], 'is no part of the configuration of a recording'),
  );
  if (foreign.length > 0) return foreign;
  try {
    checkConfig(config, 'config');
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ keyPath, message }) =>
      problem(['config', ...keyPath.split(/[.[\]]+/).filter((key) => key !== '')], message),
    );
  }
}

/** The octets have to agree with the words beside them, and with each other. */
function exchangeProblems(exchange: RecordedExchange, index: number): Problem[] {
  const at = (key: string, message: string) => [problem(['exchanges', index, key], message)];
  const { query, response, fault, question } = exchange;
  if (query) {
    const sent = peekQuestion(query);
    if (!sent) return at('query', 'no DNS query');
    if (questionText(sent) !== questionText(question) || sent.class !== question.class) {
      return at('query', `asks for ${questionText(sent)}, and not for ${questionText(question)}`);
    }
  }
  if (fault !== undefined) return [];
  if (!query) return at('query', 'missing, though there is no fault');
  if (!response) return at('response', 'missing, though there is no fault');
  const match = judgeRecorded(exchange, false);
  return match?.kind === 'match'
    ? []
    : at('response', `does not answer its query (${match?.kind ?? 'no query'})`);
}
