/**
 * Query parameters of the API: each may stand once, and unknown ones are errors, so that a typo is seen.
 */
import { isIP } from 'node:net';
import type { Flush } from '../../cache/flush.js';
import type { Name } from '../../dns/name.js';
import type { Question } from '../../dns/rrset.js';
import { readFlush } from '../flush-text.js';
import { QuestionError, readName, readQuestion, readType } from '../question-text.js';
import { HttpProblem } from './problem.js';

export type Parameters = ReadonlyMap<string, string>;

/**
 * @param others known as well, and read elsewhere
 * @throws {HttpProblem} 400 for a parameter that is unknown or stands twice
 */
export function readParameters(
  query: unknown,
  known: readonly string[],
  others: readonly string[] = [],
): Parameters {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(query as Record<string, unknown>)) {
    if (!known.includes(key)) {
      throw new HttpProblem(
        400,
        'BAD_PARAMETER',
        `Unknown parameter; known are ${[...known, ...others].join(', ')}.`,
      );
    }
    if (typeof value !== 'string')
      throw new HttpProblem(400, 'BAD_PARAMETER', `${key} stands more than once.`);
    found.set(key, value);
  }
  return found;
}

/** @throws {HttpProblem} 400 */
export function nameParameter(parameters: Parameters): Name {
  return refusing(() => readName(needed(parameters)));
}

/** The question of `name` and `type`; A when no type is given. @throws {HttpProblem} 400 */
export function questionParameters(parameters: Parameters): Question {
  return refusing(() => readQuestion(needed(parameters), parameters.get('type')));
}

/** The type asked for, if one is. @throws {HttpProblem} 400 */
export function typeParameter(parameters: Parameters): number | undefined {
  const text = parameters.get('type');
  return text === undefined ? undefined : refusing(() => readType(text));
}

/** @throws {HttpProblem} 400 when a parameter stands beside `key` that says nothing there */
export function onlyWith(key: string, parameters: Parameters, allowed: readonly string[]): void {
  const other = [...parameters.keys()].find((name) => !allowed.includes(name));
  if (other !== undefined) throw new HttpProblem(400, 'BAD_PARAMETER', `${other} does not go with ${key}.`);
}

/** A literal address, if one is given. @throws {HttpProblem} 400 */
export function addressParameter(parameters: Parameters, key: string): string | undefined {
  const text = parameters.get(key);
  if (text === undefined || isIP(text) !== 0) return text;
  throw new HttpProblem(400, 'BAD_PARAMETER', `${key} must be an IPv4 or IPv6 address.`);
}

/** What to forget. @throws {HttpProblem} 400 */
export function flushParameters(query: unknown): Flush {
  const { layer, ...rest } = query as Record<string, unknown>;
  const known = ['name', 'subtree', 'type', 'negative', 'all'];
  const parameters = readParameters(rest, known, ['layer']);
  const layers = layer === undefined ? [] : [layer].flat().map(String);
  return refusing(() =>
    readFlush({
      name: parameters.get('name'),
      type: parameters.get('type'),
      layers,
      subtree: flagParameter(parameters, 'subtree'),
      negatives: flagParameter(parameters, 'negative'),
      all: flagParameter(parameters, 'all'),
    }),
  );
}

function needed(parameters: Parameters): string {
  const text = parameters.get('name');
  if (text === undefined) throw new HttpProblem(400, 'BAD_NAME', 'The parameter name is missing.');
  return text;
}

function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof QuestionError) throw new HttpProblem(400, error.code, error.message);
    throw error;
  }
}

/** A switch: `1`, `true` or nothing is on, `0` and `false` off. @throws {HttpProblem} 400 */
export function flagParameter(parameters: Parameters, key: string): boolean {
  const text = parameters.get(key);
  if (text === undefined || text === '0' || text === 'false') return false;
  if (text === '1' || text === 'true' || text === '') return true;
  throw new HttpProblem(400, 'BAD_PARAMETER', `${key} must be 1 or 0.`);
}
