/**
 * What is wrong with a configuration, said so that the operator can mend it.
 *
 * One problem names the key, the place in the file, what was expected and, where it can be guessed, what
 * was meant. All problems of a file are reported at once.
 */

export interface ConfigProblem {
  /** `cache.ttl.min`, `forward[0].servers[1]`; empty when the file as a whole is meant. */
  readonly keyPath: string;
  /** The file, or the flag, that the value came from. */
  readonly source: string;
  /** From 1; undefined where there is no text to point at. */
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
  readonly suggestion?: string;
}

export type ConfigErrorCode = 'CONFIG_INVALID' | 'CONFIG_UNREADABLE';

/** The configuration cannot be used. `message` has one line per problem. */
export class ConfigError extends Error {
  constructor(
    readonly code: ConfigErrorCode,
    readonly problems: readonly ConfigProblem[],
  ) {
    super(problems.map((problem) => formatProblem(problem)).join('\n'));
    this.name = 'ConfigError';
  }
}

/** `file.yaml:3:12: cache.ttl.min: expected ...`; a warning says so before the key. */
export function formatProblem(problem: ConfigProblem, severity: 'error' | 'warning' = 'error'): string {
  const place = problem.line === undefined ? '' : `:${problem.line}:${problem.column ?? 1}`;
  const key = problem.keyPath === '' ? '' : ` ${problem.keyPath}:`;
  const hint = problem.suggestion === undefined ? '' : ` (did you mean "${problem.suggestion}"?)`;
  const warning = severity === 'warning' ? ' warning:' : '';
  return `${problem.source}${place}:${warning}${key} ${problem.message}${hint}`;
}

/** `['forward', 0, 'zone']` as `forward[0].zone`. */
export function formatKeyPath(path: readonly PropertyKey[]): string {
  let out = '';
  for (const part of path) {
    if (typeof part === 'number') out += `[${part}]`;
    else out += out === '' ? String(part) : `.${String(part)}`;
  }
  return out;
}

/** The candidate that `word` most likely is a misspelling of; undefined when none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const given = word.slice(0, 64).toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(given.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(given, candidate.toLowerCase());
    if (distance < bestDistance && distance < candidate.length) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Letters to insert, drop, replace or swap with a neighbour. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, rows[i - 2]![j - 2]! + 1);
      }
      row.push(cost);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
