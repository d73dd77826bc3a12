/**
 * Translates what the operating system says about a socket into the faults that the resolver knows.
 *
 * The difference that matters upwards is whom to blame: the server (`connection-refused`, `timeout`), the
 * path to it (`unreachable`), or this machine (`no-socket`), since only the first two may count against a
 * server's reputation.
 */
import type { UpstreamFault } from '../runtime/trace.js';

const faults = new Map<string, UpstreamFault>([
  ['ECONNREFUSED', 'connection-refused'],
  ['ECONNRESET', 'connection-closed'],
  ['EPIPE', 'connection-closed'],
  ['ETIMEDOUT', 'timeout'],
  ['EMFILE', 'no-socket'],
  ['ENFILE', 'no-socket'],
  ['ENOBUFS', 'no-socket'],
  ['ENOMEM', 'no-socket'],
  ['EAGAIN', 'no-socket'],
  ['EADDRINUSE', 'no-socket'],
]);

/** Every other code (EHOSTUNREACH, ENETUNREACH, EAFNOSUPPORT, EADDRNOTAVAIL, EPERM, ...) is `unreachable`. */
export function faultOfErrorCode(code: string | undefined): UpstreamFault {
  return faults.get(code ?? '') ?? 'unreachable';
}

/** The `code` of a system error, without trusting that it is one. */
export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
