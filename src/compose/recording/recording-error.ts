/**
 * What is wrong with the file of a recording, and where: file, line, JSON pointer.
 */

export interface RecordingProblem {
  /** JSON pointer (RFC 6901); '' for the whole. */
  readonly pointer: string;
  readonly message: string;
  /** From 1; undefined where there is no text to point at. */
  readonly line?: number | undefined;
}

const MOST_SHOWN = 10;

/** A recording that cannot be used. `message` has one line per problem. */
export class RecordingError extends Error {
  readonly code = 'BAD_RECORDING';

  /** @param source what to call it: its path */
  constructor(
    readonly source: string,
    readonly problems: readonly RecordingProblem[],
  ) {
    const lines = problems.slice(0, MOST_SHOWN).map((problem) => lineOf(source, problem));
    const more = problems.length - lines.length;
    super([...lines, ...(more > 0 ? [`${source}: and ${more} more`] : [])].join('\n'));
    this.name = 'RecordingError';
  }
}

/** `file.json:12: /exchanges/0/query: expected ...`. */
function lineOf(source: string, { pointer, message, line }: RecordingProblem): string {
  return `${source}${line === undefined ? '' : `:${line}`}:${pointer === '' ? '' : ` ${pointer}:`} ${message}`;
}

export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
