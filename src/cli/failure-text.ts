/**
 * From whatever a command threw to a message and an exit code.
 *
 * Errors that say what to do about them are printed as they are; only bugs get a stack trace.
 */
import { InternetError } from '../authority/internet-error.js';
import { PolicyFileError } from '../compose/load-policy.js';
import { ConfigError } from '../config/problems.js';
import { QuestionError } from '../observe/question-text.js';
import { TraceFormatError } from '../observe/sinks/json.js';
import { ListenError } from '../transport/listener.js';
import { CliError, ExitCode } from './io.js';

export interface Failure {
  readonly exitCode: number;
  readonly message: string;
}

export function describeFailure(error: unknown): Failure {
  if (error instanceof CliError) return { exitCode: error.exitCode, message: error.message };
  if (error instanceof ConfigError || error instanceof QuestionError || error instanceof PolicyFileError) {
    return { exitCode: ExitCode.misused, message: error.message };
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
