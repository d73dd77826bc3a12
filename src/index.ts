/**
 * The library's door: a recursive resolver with caches, in the caller's thread, without listeners.
 *
 * `stratadns/testing` (testing.ts) makes mock internets to resolve on.
 */
import { LibraryResolver, type ResolverOptions } from './compose/library/resolver.js';

export {
  BadNameError,
  BadTypeError,
  NameNotFoundError,
  NoDataError,
  ResolveError,
  type ResolveErrorCode,
  ResolverClosedError,
  ServerFailureError,
} from './compose/library/errors.js';
export type { ResolvableInternet } from './compose/library/ground.js';
export type { Lookup } from './compose/library/lookup.js';
export type { AddressOrder, LookupAddress, LookupOptions } from './compose/library/lookup-options.js';
export type { ResolvedRecord, ResolveResult, ValueOf } from './compose/library/records.js';
export type { LibraryResolver, ResolverOptions } from './compose/library/resolver.js';
export type { ResolutionTrace } from './compose/library/trace.js';
export { ConfigError } from './config/problems.js';
export type { ExtendedError } from './dns/outcome.js';
export type { Security } from './dns/rrset.js';
export type { LookupClass } from './resolver/contract.js';
export type { OtherValue, RdataValue } from './wire/rdata/value.js';

/**
 * A resolver with caches of its own. Close it when done.
 *
 * @param options the keys of the configuration file, checked as there; `internet` to resolve on a mock one
 * @throws {ConfigError} with every problem found
 */
export function createResolver(options?: ResolverOptions): LibraryResolver {
  return new LibraryResolver(options);
}
