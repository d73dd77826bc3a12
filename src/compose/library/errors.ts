/**
 * Errors of the library: one class per condition, with the codes that Node's own `dns` gives.
 *
 * Inside, outcomes are values; here at the door they become what users of `dns.promises` expect. `code`,
 * `hostname` and `syscall` are as there, so that code which handles those errors handles these.
 */
import type { ExtendedError, FailureReason } from '../../dns/outcome.js';
import type { Security } from '../../dns/rrset.js';

/** What a resolution that ended without records can tell. */
export interface ErrorDetails {
  /** The name as it was given. */
  readonly hostname: string;
  /** `queryAaaa`, `getaddrinfo`: as Node words it. */
  readonly syscall: string;
  /** Extended DNS Errors (RFC 8914): why, in words. */
  readonly ede?: readonly ExtendedError[];
}

export type ResolveErrorCode =
  | 'ENOTFOUND'
  | 'ENODATA'
  | 'ESERVFAIL'
  | 'EAI_AGAIN'
  | 'EBADNAME'
  | 'EBADQUERY'
  | 'ECANCELLED';

/** Any name that did not resolve. `code` is stable; the message is for people. */
export class ResolveError extends Error {
  readonly hostname: string;
  readonly syscall: string;
  readonly ede: readonly ExtendedError[];

  constructor(
    readonly code: ResolveErrorCode,
    details: ErrorDetails,
    why?: string,
  ) {
    const { hostname, syscall, ede = [] } = details;
    const reasons = why ?? ede.map(({ text }) => text).join('; ');
    super(`${syscall} ${code} ${hostname}${reasons === '' ? '' : `: ${reasons}`}`);
    this.name = new.target.name;
    this.hostname = hostname;
    this.syscall = syscall;
    this.ede = ede;
  }
}

/** The name does not exist (NXDOMAIN); from `lookup` also: it has no address. */
export class NameNotFoundError extends ResolveError {
  constructor(
    details: ErrorDetails,
    /** Whether the denial was proven (RFC 4035 4.3). */
    readonly security: Security = 'unchecked',
  ) {
    super('ENOTFOUND', details);
  }
}

/** The name exists and has no records of the type. */
export class NoDataError extends ResolveError {
  constructor(
    details: ErrorDetails,
    readonly security: Security,
  ) {
    super('ENODATA', details);
  }
}

/** Nobody gave a usable answer (SERVFAIL). From `lookup` its code is EAI_AGAIN, as from getaddrinfo. */
export class ServerFailureError extends ResolveError {
  constructor(
    details: ErrorDetails,
    readonly reason: FailureReason,
  ) {
    super(details.syscall === 'getaddrinfo' ? 'EAI_AGAIN' : 'ESERVFAIL', details);
  }
}

/** That is no domain name. */
export class BadNameError extends ResolveError {
  constructor(details: ErrorDetails, why: string) {
    super('EBADNAME', details, why);
  }
}

/** That is no record type, or none that can be asked for. */
export class BadTypeError extends ResolveError {
  constructor(details: ErrorDetails, why: string) {
    super('EBADQUERY', details, why);
  }
}

/** The resolver was closed before or while it was asked. */
export class ResolverClosedError extends ResolveError {
  constructor(details: ErrorDetails) {
    super('ECANCELLED', details, 'the resolver is closed');
  }
}
