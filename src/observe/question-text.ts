/**
 * A question as people write it: a name and, if they like, a type.
 *
 * HTTP and the command line read it here, so that both take and refuse the same.
 */
import { type Name, NameError, parseName } from '../dns/name.js';
import { isMetaType, parseType, RRClass, RRType } from '../dns/registry.js';
import type { Question } from '../dns/rrset.js';

/** Text that asks for nothing. The message is a sentence. */
export class QuestionError extends Error {
  constructor(
    readonly code: 'BAD_NAME' | 'BAD_TYPE' | 'BAD_LAYER',
    message: string,
  ) {
    super(message);
    this.name = 'QuestionError';
  }
}

/** @throws {QuestionError} */
export function readName(text: string): Name {
  try {
    return parseName(text);
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    throw new QuestionError('BAD_NAME', `That is no domain name: ${error.message}.`);
  }
}

/** Any type that data can have, or ANY. @throws {QuestionError} */
export function readType(text: string): number {
  const type = parseType(text);
  if (type === undefined) {
    throw new QuestionError(
      'BAD_TYPE',
      'That is no record type; write a mnemonic such as AAAA, or TYPE65280.',
    );
  }
  if (type === 0 || (isMetaType(type) && type !== RRType.ANY)) {
    throw new QuestionError('BAD_TYPE', 'That type cannot be asked for.');
  }
  return type;
}

/** Class IN; types that only exist inside messages, and zone transfers, cannot be asked. @throws {QuestionError} */
export function readQuestion(nameText: string, typeText = 'A'): Question {
  return { name: readName(nameText), type: readType(typeText), class: RRClass.IN };
}
