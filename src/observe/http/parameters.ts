/**
 * Query parameters of the API: each may stand once, and unknown ones are errors, so that a typo is seen.
 */
import { type Name, NameError, parseName } from '../../dns/name.js';
import { isMetaType, parseType, RRClass, RRType } from '../../dns/registry.js';
import type { Question } from '../../dns/rrset.js';
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
  const text = parameters.get('name');
  if (text === undefined) throw new HttpProblem(400, 'BAD_NAME', 'The parameter name is missing.');
  try {
    return parseName(text);
  } catch (error) {
    if (error instanceof NameError)
      throw new HttpProblem(400, 'BAD_NAME', `That is no domain name: ${error.message}.`);
    throw error;
  }
}

/** The question of `name` and `type`; A when no type is given. @throws {HttpProblem} 400 */
export function questionParameters(parameters: Parameters): Question {
  const name = nameParameter(parameters);
  const type = parseType(parameters.get('type') ?? 'A');
  if (type === undefined) {
    throw new HttpProblem(
      400,
      'BAD_TYPE',
      'That is no record type; write a mnemonic such as AAAA, or TYPE65280.',
    );
  }
  if (type === 0 || (isMetaType(type) && type !== RRType.ANY)) {
    throw new HttpProblem(400, 'BAD_TYPE', 'That type cannot be asked for.');
  }
  return { name, type, class: RRClass.IN };
}

/** A switch: `1`, `true` or nothing is on, `0` and `false` off. @throws {HttpProblem} 400 */
export function flagParameter(parameters: Parameters, key: string): boolean {
  const text = parameters.get(key);
  if (text === undefined || text === '0' || text === 'false') return false;
  if (text === '1' || text === 'true' || text === '') return true;
  throw new HttpProblem(400, 'BAD_PARAMETER', `${key} must be 1 or 0.`);
}
