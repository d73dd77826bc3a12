/**
 * Where the command line writes, and how it ends.
 *
 * Commands get this instead of `process`, so that tests run them in one process.
 */
import { inspect } from 'node:util';
import { type Paint, type Style, unpainted } from '../observe/sinks/styles.js';
import type { TerminalSize } from './screen.js';

export interface Io {
  /** Text for people or programs that asked for it. */
  out(text: string): void;
  /** Everything else. */
  err(text: string): void;
  /** Whether `out` goes to a terminal that shows colour. */
  readonly colour: boolean;
  /** Whether `out` goes to a terminal whose screen can be drawn anew. */
  readonly redraws?: boolean;
  /** Of that terminal, now. */
  size?(): TerminalSize;
  /** Bearer token of the environment, for servers that want one. */
  readonly token: string | undefined;
}

/** Exit codes; scripts depend on them. */
export const ExitCode = {
  ok: 0,
  /** It could not be done: no server, port taken. */
  failed: 1,
  /** What was asked for or configured is wrong. */
  misused: 2,
} as const;

/** Ends the program with a message and without a stack trace. */
export class CliError extends Error {
  constructor(
    readonly exitCode: number,
    message: string,
  ) {
    super(message);
    this.name = 'CliError';
  }
}

const colours: Readonly<Record<Style, keyof typeof inspect.colors>> = {
  title: 'bold',
  good: 'green',
  bad: 'red',
  warn: 'yellow',
  faint: 'gray',
  name: 'cyan',
  plain: 'reset',
};

/** Paints for the terminal behind `io`, or not at all. */
export function paintFor(io: Io): Paint {
  if (!io.colour) return unpainted;
  return (style, text) => {
    // Not util.styleText: whether it looks at the stream by itself changed between versions of Node.
    const codes = inspect.colors[colours[style]];
    return style === 'plain' || codes === undefined ? text : `\u001b[${codes[0]}m${text}\u001b[${codes[1]}m`;
  };
}

/** The process's own streams and environment. */
export function processIo(): Io {
  const { stdout, stderr, env } = process;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    colour: stdout.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb',
    redraws: stdout.isTTY === true && env.TERM !== 'dumb',
    size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
    token: env.STRATADNS_TOKEN,
  };
}
