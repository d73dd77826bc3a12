/**
 * Query parameters of the API: each may stand once, and unknown ones are errors, so that a typo is seen.
 */
import type { Name } from '../../dns/name.js';
import type { Question } from '../../dns/rrset.js';
import { QuestionError, readName, readQuestion } from '../question-text.js';
import { HttpProblem } from './problem.js';

export type Parameters = ReadonlyMap<string, string>;

/** @throws {HttpProblem} 400 for a parameter that is unknown or stands twice */
export function readParameters(query: unknown, known: readonly string[]): Parameters {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(query as Record<string, unknown>)) {
    if (!known.includes(key)) {
      throw new HttpProblem(400, 'BAD_PARAMETER', `Unknown parameter; known are ${known.join(', ')}.`);
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
