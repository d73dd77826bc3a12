/**
 * A refusal as HTTP says it: a status, a stable code for programs and a sentence for people.
 */

export type ProblemCode =
  | 'BAD_LAYER'
  | 'BAD_NAME'
  | 'BAD_TYPE'
  | 'BAD_PARAMETER'
  | 'BAD_REQUEST'
  | 'BODY_TOO_LARGE'
  | 'CROSS_SITE'
  | 'HOST_NOT_ALLOWED'
  | 'INTERNAL'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_FOUND'
  | 'RATE_LIMITED'
  | 'TOKEN_NEEDED'
  | 'TOKEN_WRONG'
  | 'URL_TOO_LONG';

/** Thrown by routes and guards, turned into a response in server.ts. */
export class HttpProblem extends Error {
  constructor(
    readonly status: number,
    readonly code: ProblemCode,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = 'HttpProblem';
  }
}

/** The body of every response that refuses. */
export function problemBody(code: string, message: string): { error: { code: string; message: string } } {
  return { error: { code, message } };
}
