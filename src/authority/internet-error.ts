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
