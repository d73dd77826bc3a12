/**
 * The operator's policy as a whole: lists in their order, names of a hosts file, and the guard against
 * answers that lead into the client's own network (DNS rebinding).
 *
 * On a query's way it stands before special-use names and the stub cache, the guard behind the resolver.
 * Made from files by compose/policy-files.ts and replaced as a whole when one of them changes.
 */
import { isSubdomain, type Name } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { Question, RRset } from '../dns/rrset.js';
import { type Network, NetworkSet, parseNetwork } from '../runtime/networks.js';
import type { HostsTable } from './hosts.js';
import type { Decision, PolicyList } from './rules.js';

/** Networks that a public name has no business to point at (RFC 1918, 4193, 3927, 4291, loopback). */
const privateNetworks: readonly Network[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '::/128',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
  '::ffff:0:0/96',
].map(parseNetwork);
const privateSet = new NetworkSet(privateNetworks);

export interface PolicyParts {
  readonly lists: readonly PolicyList[];
  readonly hosts?: HostsTable;
  /** Undefined: no guard. Names at or below the given ones may point inside. */
  readonly rebindingAllowed?: readonly Name[];
}

export class Policy {
  constructor(private readonly parts: PolicyParts) {}

  /** What the lists and the hosts file say; undefined: nothing, go on. A passed name is `pass`. */
  decide(question: Question): Decision | undefined {
    const local = this.parts.hosts?.answer(question);
    if (local) return { kind: 'data', rrsets: local, list: 'hosts', rule: question.name };
    for (const list of this.parts.lists) {
      const decision = list.decide(question.name);
      if (decision) return decision;
    }
    return undefined;
  }

  /** The first RRset of an answer that leads a client into a private network though its name is public. */
  rebinds(question: Question, answer: readonly RRset[]): RRset | undefined {
    const { rebindingAllowed } = this.parts;
    if (!rebindingAllowed || rebindingAllowed.some((zone) => isSubdomain(question.name, zone)))
      return undefined;
    return answer.find(
      (rrset) => (rrset.type === RRType.A || rrset.type === RRType.AAAA) && rrset.rdatas.some(isPrivate),
    );
  }

  get lists(): readonly PolicyList[] {
    return this.parts.lists;
  }
}

function isPrivate(rdata: string): boolean {
  return privateSet.has(Buffer.from(rdata, 'latin1'));
}
