/**
 * Stage 6: the operator's lists, hosts file and locally served zones. A blocked name is answered here and
 * never reaches a cache; an exception goes on as if no list had it.
 * RFC 8914 4.16 (Blocked), RFC 2308 3 (denials carry an SOA).
 */

import { formatName, type Name } from '../../dns/name.js';
import { assertNever } from '../../dns/outcome.js';
import { Ede, Rcode, RRClass, RRType } from '../../dns/registry.js';
import type { Question, RRset } from '../../dns/rrset.js';
import type { BlockAction, Decision } from '../../policy/rules.js';
import { u32Octets } from '../../wire/octets.js';
import { type Exchange, ede, type Stage, type Verdict } from '../exchange.js';

/** Clients ask again soon, so that a change of the lists shows. */
const TTL_SEC = 60;

export class PolicyStage implements Stage {
  readonly name = 'policy';

  run(exchange: Exchange): Verdict {
    const { policy, localData } = exchange.settings;
    const query = exchange.query!;
    const question = query.question!;
    const decision = policy?.decide(question);
    if (decision && decision.kind !== 'pass') return answerDecision(exchange, question, decision);
    const local = localData?.(question, query.edns?.do === true);
    return local ? exchange.answer({ ...local, aa: true, lookupClass: 'local' }) : 'next';
  }
}

function answerDecision(
  exchange: Exchange,
  question: Question,
  decision: Exclude<Decision, { kind: 'pass' }>,
): Verdict {
  if (decision.kind === 'block') return block(exchange, question, decision);
  const alias = decision.rrsets.find((rrset) => rrset.type === RRType.CNAME);
  if (alias && question.type !== RRType.CNAME) {
    exchange.alias = alias;
    return 'next';
  }
  const answer = decision.rrsets.filter((rrset) => rrset.type === question.type);
  const authority = answer.length > 0 ? [] : [soaOf(decision.rule)];
  return exchange.answer({ answer, authority, aa: true, lookupClass: 'local' });
}

function block(
  exchange: Exchange,
  { name, type }: Question,
  { action, list, rule }: Extract<Decision, { kind: 'block' }>,
): Verdict {
  if (action === 'drop') return exchange.drop('policy');
  const why = ede(Ede.BLOCKED, `list ${list}, rule ${formatName(rule)}`);
  if (action === 'refused') return exchange.fail(Rcode.REFUSED, why);
  const answer = action === 'null-address' ? nullAddress(name, type) : [];
  const authority = answer.length > 0 ? [] : [soaOf(rule)];
  return exchange.answer({ rcode: rcodeOf(action), answer, authority, ede: [why], lookupClass: 'local' });
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

function nullAddress(name: Name, type: number): RRset[] {
  if (type !== RRType.A && type !== RRType.AAAA) return [];
  const rdata = '\0'.repeat(type === RRType.A ? 4 : 16);
  return [{ name, type, class: RRClass.IN, ttlSec: TTL_SEC, rdatas: [rdata], signatures: [] }];
}

function soaOf(name: Name): RRset {
  const numbers = [1, 3600, 1200, 604_800, TTL_SEC].map(u32Octets).join('');
  const rdata = `\x09localhost\0\x06nobody\x07invalid\0${numbers}`;
  return { name, type: RRType.SOA, class: RRClass.IN, ttlSec: TTL_SEC, rdatas: [rdata], signatures: [] };
}
