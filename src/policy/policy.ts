/**
 * The operator's policy as a whole: lists in their order, names of a hosts file, and the guard against
 * answers that lead into the client's own network (DNS rebinding).
 *
 * On a query's way `before` stands before special-use names and the stub cache, `after` and the guard behind the
 * resolver. Made from files by compose/policy/files.ts and replaced as a whole when one of them changes.
 *
 * Which rule holds (draft-vixie-dnsop-dns-rpz 5): the first name of an alias chain that any rule speaks about; then the
 * first list; then, in a list, rules about the client, the name, addresses in the answer, name servers. So a rule about the
 * name waits for the answer where a list before its own judges answers.
 */
import { isSubdomain, type Name } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import type { Question, RRset } from '../dns/rrset.js';
import { type Network, NetworkSet, parseNetwork } from '../runtime/networks.js';
import type { HostsTable } from './hosts.js';
import type { Decision, PolicyList, ServerFacts } from './rules.js';

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

/** What can be said of a question before it is resolved. */
export interface Early {
  readonly decision: Decision;
  /** The list that decided; those before it may yet have another word once the answer is known. */
  readonly at: number;
  readonly waits: boolean;
  /** It is for this client: no cache for others may have what comes of it. */
  readonly personal: boolean;
}

/** What a resolution found, as rules see it. */
export interface Found {
  /** The name that was resolved and those that aliases led to, in their order. */
  readonly names: readonly Name[];
  /** RRsets at the last name. */
  readonly rrsets: readonly RRset[];
  servers(name: Name): ServerFacts;
}

export interface Late {
  readonly decision: Decision;
  /** Index into the names. */
  readonly position: number;
}

export class Policy {
  /** Some list judges clients: their addresses are worth reading. */
  readonly judgesClients: boolean;
  /** Some list judges answers as well as names. */
  readonly judgesAnswers: boolean;

  constructor(private readonly parts: PolicyParts) {
    this.judgesClients = this.clientNetworks.length > 0;
    this.judgesAnswers = parts.lists.some((list) => list.judgesAnswers);
  }

  /** Clients that rules speak about. What they are answered is for them alone. */
  get clientNetworks(): readonly Network[] {
    return this.parts.lists.flatMap((list) => list.clientNetworks ?? []);
  }

  get lists(): readonly PolicyList[] {
    return this.parts.lists;
  }

  /**
   * What the hosts file and the lists say of a name that is to be resolved; undefined: nothing.
   * @param client its address, 4 octets for IPv4; read only when `judgesClients`
   */
  before(question: Question, client?: Uint8Array): Early | undefined {
    const { hosts, lists } = this.parts;
    const local = hosts?.answer(question);
    if (local) {
      const decision = { kind: 'data', rrsets: local, list: 'hosts', rule: question.name } as const;
      return { decision, at: -1, waits: false, personal: false };
    }
    let waits = false;
    for (const [at, list] of lists.entries()) {
      const byClient = client && list.byClient?.(client, question.name);
      const decision = byClient ?? list.decide(question.name);
      if (decision) return { decision, at, waits, personal: byClient !== undefined };
      waits ||= list.judgesAnswers === true;
    }
    return undefined;
  }

  /**
   * What the lists say once it is resolved; undefined: nothing more.
   * @param early of the first name, if it waits
   */
  after(found: Found, early: Early | undefined): Late | undefined {
    const { names } = found;
    for (const [position, name] of names.entries()) {
      const isFirst = position === 0;
      const until = isFirst && early ? early.at : this.parts.lists.length;
      const decision = this.judge(found, name, { isFirst, isLast: position === names.length - 1, until });
      if (decision) return { decision, position };
      if (isFirst && early) return { decision: early.decision, position };
    }
    return undefined;
  }

  private judge(
    found: Found,
    name: Name,
    { isFirst, isLast, until }: { isFirst: boolean; isLast: boolean; until: number },
  ): Decision | undefined {
    for (const list of this.parts.lists.slice(0, until)) {
      const decision =
        (isFirst ? undefined : list.decide(name)) ??
        (isLast && list.judgesAnswers ? list.byAnswer?.(addressesIn(found.rrsets), name) : undefined) ??
        (list.judgesServers ? list.byServers?.(found.servers(name), name) : undefined);
      if (decision) return decision;
    }
    return undefined;
  }

  /** The first RRset of an answer that leads a client into a private network though its name is public. */
  rebinds(question: Question, answer: readonly RRset[]): RRset | undefined {
    const { rebindingAllowed } = this.parts;
    if (!rebindingAllowed || rebindingAllowed.some((zone) => isSubdomain(question.name, zone)))
      return undefined;
    return answer.find((rrset) => isAddress(rrset) && rrset.rdatas.some(isPrivate));
  }
}

function isAddress({ type }: RRset): boolean {
  return type === RRType.A || type === RRType.AAAA;
}

function addressesIn(rrsets: readonly RRset[]): Uint8Array[] {
  return rrsets
    .filter(isAddress)
    .flatMap(({ rdatas }) => rdatas.map((rdata) => Buffer.from(rdata, 'latin1')));
}

function isPrivate(rdata: string): boolean {
  return privateSet.has(Buffer.from(rdata, 'latin1'));
}
