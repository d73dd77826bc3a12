/**
 * `lookup`: what `dns.lookup` does, with our resolver in place of the system's.
 *
 * A and AAAA are asked at once; one family that fails does not spoil the other. Errors have the codes of
 * `dns.lookup`: ENOTFOUND for a name that does not exist or has no address, EAI_AGAIN when servers failed.
 * Limitations: /etc/hosts is not read.
 */
import { promisify } from 'node:util';
import type { Outcome } from '../../dns/outcome.js';
import { RRType } from '../../dns/registry.js';
import type { Question } from '../../dns/rrset.js';
import { QuestionError, readQuestion } from '../../observe/question-text.js';
import { formatIpv4, formatIpv6 } from '../../wire/rdata/address.js';
import { ascii } from './ascii.js';
import { type ErrorDetails, NameNotFoundError, ServerFailureError } from './errors.js';
import {
  arrange,
  type LookupAddress,
  type LookupOptions,
  type LookupPlan,
  literalAddress,
  localFamilies,
  planLookup,
} from './lookup-options.js';

type OneCallback = (error: NodeJS.ErrnoException | null, address: string, family: number) => void;
type AllCallback = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;
type AnyCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** The signature of `dns.lookup`. */
export interface Lookup {
  (hostname: string, callback: OneCallback): void;
  (hostname: string, options: LookupOptions & { readonly all: true }, callback: AllCallback): void;
  (
    hostname: string,
    options: number | (LookupOptions & { readonly all?: false | undefined }),
    callback: OneCallback,
  ): void;
  (hostname: string, options: LookupOptions, callback: AnyCallback): void;
  __promisify__(hostname: string, options: LookupOptions & { readonly all: true }): Promise<LookupAddress[]>;
  __promisify__(
    hostname: string,
    options?: number | (LookupOptions & { readonly all?: false | undefined }),
  ): Promise<LookupAddress>;
}

/** Resolves one question; rejects only when the resolver is closed. */
export type Find = (question: Question, details: ErrorDetails) => Promise<Outcome>;

export function makeLookup(find: Find): Lookup {
  const ask = async (hostname: string, plan: LookupPlan): Promise<LookupAddress[]> => {
    const literal = literalAddress(hostname);
    return literal ? [literal] : lookUp(hostname, plan, find);
  };
  const lookup = (
    hostname: string,
    options: LookupOptions | number | AnyCallback | undefined,
    callback?: AnyCallback,
  ) => {
    const done = typeof options === 'function' ? options : callback;
    if (typeof done !== 'function') throw new TypeError('lookup needs a callback');
    const plan = planLookup(typeof options === 'function' ? undefined : options, localFamilies);
    // Out of the promise, so that what the callback throws is an uncaught exception as everywhere in Node.
    const give = (...args: Parameters<AnyCallback>) => process.nextTick(done, ...args);
    ask(hostname, plan).then(
      (found) => (plan.all ? give(null, found) : give(null, found[0]!.address, found[0]!.family)),
      (error: NodeJS.ErrnoException) => give(error, plan.all ? [] : ''),
    );
  };
  const promised = async (hostname: string, options?: LookupOptions | number) => {
    const plan = planLookup(options, localFamilies);
    const found = await ask(hostname, plan);
    return plan.all ? found : found[0]!;
  };
  return Object.assign(lookup, { [promisify.custom]: promised }) as unknown as Lookup;
}

async function lookUp(hostname: string, plan: LookupPlan, find: Find): Promise<LookupAddress[]> {
  const details = { hostname, syscall: 'getaddrinfo' };
  const question = readHost(hostname, details);
  const wanted = [...(plan.ask4 ? [RRType.A] : []), ...(plan.ask6 ? [RRType.AAAA] : [])];
  const outcomes = await Promise.all(wanted.map((type) => find({ ...question, type }, details)));
  const found = arrange(plan, addressesOf(outcomes, RRType.A), addressesOf(outcomes, RRType.AAAA));
  if (found.length > 0) return found;
  const ede = outcomes.flatMap((outcome) => outcome.ede ?? []);
  const failed = outcomes.find((outcome) => outcome.kind === 'failure');
  if (failed?.kind === 'failure') throw new ServerFailureError({ ...details, ede }, failed.reason);
  throw new NameNotFoundError({ ...details, ede });
}

/** A host name that is no domain name is not found, as with getaddrinfo. */
function readHost(hostname: string, details: ErrorDetails): Question {
  try {
    return readQuestion(ascii(hostname));
  } catch (error) {
    if (error instanceof QuestionError) throw new NameNotFoundError(details);
    throw error;
  }
}

function addressesOf(outcomes: readonly Outcome[], type: number): string[] {
  const format = type === RRType.A ? formatIpv4 : formatIpv6;
  return outcomes
    .flatMap((outcome) => (outcome.kind === 'answer' ? outcome.rrsets : []))
    .filter((rrset) => rrset.type === type)
    .flatMap((rrset) => rrset.rdatas.map((rdata) => format(rdata)));
}
