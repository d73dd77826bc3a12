/** Names in other scripts, as callers of the library write them. */
import { domainToASCII } from 'node:url';
import { QuestionError } from '../../observe/question-text.js';

/** IDNA A-labels (RFC 5891) of a name that is not ASCII. @throws {QuestionError} when it has none */
export function ascii(name: string): string {
  if (/^\p{ASCII}*$/u.test(name)) return name;
  const converted = domainToASCII(name);
  if (converted === '') throw new QuestionError('BAD_NAME', 'That is no internationalised domain name.');
  return converted;
}
