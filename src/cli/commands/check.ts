/**
 * `stratadns check`: everything that is wrong in the configuration and the zones, with its place.
 */
import { type InternetProblem, loadInternet } from '../../authority/load.js';
import { PolicyFileError } from '../../compose/policy/load.js';
import type { Config } from '../../config/fields.js';
import { loadConfig, placesIn } from '../../config/load.js';
import { ConfigError, formatKeyPath, formatProblem } from '../../config/problems.js';
import { uselessAnchor } from '../../config/trust-anchor.js';
import { formatName } from '../../dns/name.js';
import { printable } from '../../observe/sinks/styles.js';
import { ExitCode, type Io } from '../io.js';
import { tryPolicy } from '../policy-problems.js';

export interface CheckOptions {
  readonly config?: string;
  readonly zones?: string;
}

/** @returns the exit code: 2 when anything is an error; warnings alone are fine */
export function check(options: CheckOptions, io: Io): number {
  const problems: string[] = [];
  let errors = 0;
  if (options.config !== undefined) {
    const found = configProblems(options.config);
    problems.push(...found.errors, ...found.warnings);
    errors += found.errors.length;
  }
  let served = '';
  if (options.zones !== undefined) {
    const { internet, problems: found } = loadInternet(options.zones);
    problems.push(...problemLines(found));
    errors += found.filter(({ severity }) => severity === 'error').length;
    if (internet) served = ` (${internet.sources.length} zones on ${internet.servers.length} servers)`;
  }
  for (const line of problems) io.out(`${line}\n`);
  const checked = [options.config, options.zones].filter((path) => path !== undefined);
  const what = checked.length === 0 ? 'the defaults' : checked.join(', ');
  io.out(
    errors === 0 ? `ok: ${what}${served}\n` : `${errors} ${errors === 1 ? 'error' : 'errors'} in ${what}\n`,
  );
  return errors === 0 ? ExitCode.ok : ExitCode.misused;
}

function configProblems(file: string): { errors: string[]; warnings: string[] } {
  try {
    const config = loadConfig(file);
    tryPolicy(file, config);
    return { errors: [], warnings: anchorWarnings(file, config) };
  } catch (error) {
    if (error instanceof ConfigError)
      return { errors: error.problems.map((problem) => printable(formatProblem(problem))), warnings: [] };
    if (error instanceof PolicyFileError)
      return { errors: error.message.split('\n').map(printable), warnings: [] };
    throw error;
  }
}

function anchorWarnings(file: string, { dnssec }: Config): string[] {
  const place = placesIn(file);
  return dnssec.trustAnchors.flatMap((anchor, index) => {
    const why = uselessAnchor(anchor);
    if (why === undefined) return [];
    const message = `this anchor of ${formatName(anchor.zone)} cannot be used: ${why}`;
    const path = ['dnssec', 'trustAnchors', index];
    const problem = { keyPath: formatKeyPath(path), source: file, message, ...place(path) };
    return [printable(formatProblem(problem, 'warning'))];
  });
}

/** `file:line:column: error: message (CODE)`, which editors can jump to. */
export function problemLines(problems: readonly InternetProblem[]): string[] {
  return problems.map(({ file, line, column, severity, message, code }) =>
    printable(`${file}:${line}:${column}: ${severity}: ${message} (${code})`),
  );
}
