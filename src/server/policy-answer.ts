/**
 * From what a rule of the operator's says to the answer, for rules that hold before a name is resolved and for those that
 * hold after.
 *
 * An alias of local data is followed: its target passes the rules about names like a question, and is resolved if none
 * has it. What a rule has changed never gets into a cache.
 * RFC 8914 4.5 (Forged Answer), 4.16 (Blocked), RFC 2308 3 (denials carry an SOA).
 */
import { basename } from 'node:path';
import { formatName, isSubdomain, type Name } from '../dns/name.js';
import { assertNever } from '../dns/outcome.js';
import { Ede, Rcode, RRClass, RRType } from '../dns/registry.js';
import type { Question, RRset } from '../dns/rrset.js';
import type { BlockAction, Decision } from '../policy/rules.js';
import { addressOctets, unmapped } from '../runtime/networks.js';
import { u32Octets } from '../wire/octets.js';
import { type Draft, type Exchange, ede, type Verdict } from './exchange.js';

/** How the answer is counted. */
export type Counted = Pick<Draft, 'lookupClass' | 'missReason'>;

/** Clients ask again soon, so that a change of the lists shows. */
const TTL_SEC = 60;
/** Aliases of local data in a row. */
const MAX_ALIASES = 8;
const LOCAL: Counted = { lookupClass: 'local' };
const TOO_MANY = ede(Ede.OTHER, `more than ${MAX_ALIASES} aliases of local data in a row`);

/** Applies the rules about the name that is sought, and about those that local aliases lead to. */
export function obeyNameRules(exchange: Exchange, counted: Counted = LOCAL): Verdict {
  const { policy, localData } = exchange.rules;
  const { query } = exchange;
  const client = policy?.judgesClients ? clientOctets(exchange.client.address) : undefined;
  for (let links = 0; links <= MAX_ALIASES; links++) {
    const question = { ...query!.question!, name: exchange.sought };
    const before = exchange.aliases.length;
    const early = policy?.before(question, client);
    exchange.early = early;
    if (early?.personal) exchange.isShared = false;
    const local = early && !early.waits ? undefined : localData?.(question, query!.edns?.do === true);
    if (early?.waits && !local) {
      exchange.isShared = false;
      return 'next';
    }
    const verdict = early ? obey(exchange, early.decision, counted) : 'next';
    if (verdict !== 'next') return verdict;
    if (exchange.aliases.length > before) continue;
    const zone = local ?? (early ? localData?.(question, query!.edns?.do === true) : undefined);
    if (!zone) return 'next';
    const aa = exchange.aliases.length === 0;
    return exchange.answer({ ...zone, answer: [...exchange.aliases, ...zone.answer], aa, ...counted });
  }
  return exchange.fail(Rcode.SERVFAIL, TOO_MANY, counted.lookupClass);
}

/** Does what a rule says about the name that is sought. `next`: it is to be resolved, or may be told. */
export function obey(exchange: Exchange, decision: Decision, counted: Counted): Verdict {
  switch (decision.kind) {
    case 'pass':
      return 'next';
    case 'tcp-only':
      exchange.isShared = false;
      return exchange.client.transport === 'tcp' ? 'next' : exchange.answer({ tc: true, ...counted });
    case 'data':
      return giveData(exchange, decision, counted);
    case 'block':
      return block(exchange, decision, counted);
    default:
      return assertNever(decision);
  }
}

/** For clients: they hear what the file of a list is called, not where it is on this machine. */
export function rulePhrase({ list, rule }: Decision): string {
  return `list ${basename(list)}, rule ${formatName(rule)}`;
}

function giveData(
  exchange: Exchange,
  decision: Extract<Decision, { kind: 'data' }>,
  counted: Counted,
): Verdict {
  const { type } = exchange.query!.question!;
  const { rrsets, rule, forged } = decision;
  const why = forged ? [ede(Ede.FORGED_ANSWER, rulePhrase(decision))] : [];
  const alias = rrsets.find((rrset) => rrset.type === RRType.CNAME);
  if (alias && type !== RRType.CNAME) {
    exchange.aliases = [...exchange.aliases, alias];
    exchange.notes = [...exchange.notes, ...why];
    exchange.isShared = false;
    return 'next';
  }
  const data = rrsets.filter((rrset) => rrset.type === type);
  const authority = data.length > 0 ? [] : [soaFor(exchange.sought, rule)];
  const answer = [...exchange.aliases, ...data];
  const aa = exchange.aliases.length === 0;
  return exchange.answer({ answer, authority, aa, ede: [...exchange.notes, ...why], ...counted });
}

function block(
  exchange: Exchange,
  decision: Extract<Decision, { kind: 'block' }>,
  counted: Counted,
): Verdict {
  const { action, rule } = decision;
  if (action === 'drop') return exchange.drop('policy');
  const why = [...exchange.notes, ede(Ede.BLOCKED, rulePhrase(decision))];
  if (action === 'refused')
    return exchange.answer({ rcode: Rcode.REFUSED, ede: why, lookupClass: 'refused' });
  const { type } = exchange.query!.question!;
  const nulls = action === 'null-address' ? nullAddress({ name: exchange.sought, type }) : [];
  const answer = [...exchange.aliases, ...nulls];
  const authority = nulls.length > 0 ? [] : [soaFor(exchange.sought, rule)];
  return exchange.answer({ rcode: rcodeOf(action), answer, authority, ede: why, ...counted });
}

function rcodeOf(action: Exclude<BlockAction, 'drop' | 'refused'>): number {
  switch (action) {
    case 'nxdomain':
      return Rcode.NXDOMAIN;
    case 'nodata':
    case 'null-address':
      return Rcode.NOERROR;
    default:
      return assertNever(action);
  }
}

function nullAddress({ name, type }: Pick<Question, 'name' | 'type'>): RRset[] {
  if (type !== RRType.A && type !== RRType.AAAA) return [];
  const rdata = '\0'.repeat(type === RRType.A ? 4 : 16);
  return [{ name, type, class: RRClass.IN, ttlSec: TTL_SEC, rdatas: [rdata], signatures: [] }];
}

/** Of the rule's name where that is at or above the name that is denied. */
function soaFor(sought: Name, rule: Name): RRset {
  const name = isSubdomain(sought, rule) ? rule : sought;
  const numbers = [1, 3600, 1200, 604_800, TTL_SEC].map(u32Octets).join('');
  const rdata = `\x09localhost\0\x06nobody\x07invalid\0${numbers}`;
  return { name, type: RRType.SOA, class: RRClass.IN, ttlSec: TTL_SEC, rdatas: [rdata], signatures: [] };
}

/** Undefined for an address of no family, which no listener gives. */
export function clientOctets(address: string): Uint8Array | undefined {
  const zoneAt = address.indexOf('%'); // a link-local client carries its interface
  const octets = addressOctets(zoneAt < 0 ? address : address.slice(0, zoneAt));
  return octets && unmapped(octets);
}
