/**
 * From whatever a command threw to a message and an exit code.
 *
 * Errors that say what to do about them are printed as they are; only bugs get a stack trace.
 */
import { InternetError } from '../authority/internet-error.js';
import { PolicyFileError } from '../compose/policy/load.js';
import { RecordingError } from '../compose/recording/recording-error.js';
import { ConfigError } from '../config/problems.js';
import { QuestionError } from '../observe/question-text.js';
import { TraceFormatError } from '../observe/sinks/json.js';
import { ListenError } from '../transport/listener.js';
import { CliError, ExitCode } from './io.js';

export interface Failure {
  readonly exitCode: number;
  readonly message: string;
}

/** What was given is wrong, and the message says what. */
const wrongInputs = [ConfigError, QuestionError, PolicyFileError, RecordingError] as const;

export function describeFailure(error: unknown): Failure {
  if (error instanceof CliError) return { exitCode: error.exitCode, message: error.message };
  if (wrongInputs.some((Kind) => error instanceof Kind)) {
    return { exitCode: ExitCode.misused, message: (error as Error).message };
  }
  if (error instanceof InternetError || error instanceof ListenError || error instanceof TraceFormatError) {
    return { exitCode: ExitCode.failed, message: error.message };
  }
  if (isSystemError(error)) return { exitCode: ExitCode.failed, message: error.message };
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: ExitCode.failed, message: `This is a bug in stratadns; please report it.\n${trace}` };
}

function isSystemError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}
