/**
 * Flags of the command line that stand for options, laid over what the file says.
 *
 * They are read by the same kinds as the file, and what two options forbid each other is checked again on
 * the whole.
 */
import { crossCheck } from './cross-checks.js';
import { type Config, fields } from './fields.js';
import { endpoint, type Kind } from './kinds.js';
import { ConfigError, formatKeyPath } from './problems.js';

/** As written by the user. */
export interface ConfigFlags {
  readonly listen?: readonly string[];
  readonly http?: string;
  readonly workers?: string;
}

/** Lays flags over a configuration; a flag wins. @throws {ConfigError} that names the flag */
export function withFlags(config: Config, flags: ConfigFlags): Config {
  let next = config;
  if (flags.listen && flags.listen.length > 0) {
    next = { ...next, listen: flags.listen.map((text) => readFlag('--listen', endpoint(), text)) };
  }
  if (flags.workers !== undefined) {
    const count = /^[0-9]{1,9}$/.test(flags.workers) ? Number(flags.workers) : flags.workers;
    next = { ...next, workers: readFlag('--workers', fields.workers.kind, count) };
  }
  if (flags.http !== undefined) {
    const at = readFlag('--http', endpoint(), flags.http);
    next = { ...next, http: Object.freeze({ ...next.http, enabled: true, ...at }) };
  }
  const clashes = crossCheck(next).map(({ path, message }) => {
    return { keyPath: formatKeyPath(path), source: 'command line', message };
  });
  if (clashes.length > 0) throw new ConfigError('CONFIG_INVALID', clashes);
  return Object.freeze(next);
}

function readFlag<T>(flag: string, kind: Kind<T>, raw: unknown): T {
  const result = kind.schema.safeParse(raw);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const expected = issue?.code === 'custom' ? issue.message : `expected ${kind.expected}`;
  const message = `${expected}; got ${JSON.stringify(raw)}`;
  throw new ConfigError('CONFIG_INVALID', [{ keyPath: '', source: flag, message }]);
}
