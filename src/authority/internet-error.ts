/**
 * What a mock internet says: why it cannot be set up, and lines while it runs.
 */

/** A mock internet that cannot be set up; `message` says what to do about it. */
export class InternetError extends Error {
  constructor(
    readonly code: 'ADDRESS_IN_USE' | 'ADDRESS_UNAVAILABLE' | 'PORT_FORBIDDEN' | 'BIND_FAILED' | 'BAD_ZONE',
    message: string,
  ) {
    super(message);
    this.name = 'InternetError';
  }
}

/** Takes one line about the mock internet while it runs: a failed reload, a socket that was skipped. */
export type InternetLog = (level: 'info' | 'warn' | 'error', message: string) => void;
