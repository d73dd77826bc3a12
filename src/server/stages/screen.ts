/**
 * Stage 4: queries that no resolver answers, each with the error that the RFCs give it.
 *
 * One table of checks; the first that objects decides. What passes is a well-formed question of class IN or CH
 * for a type that data can have, or ANY.
 * RFC 6891 6.1.3 (BADVERS), RFC 6895 (meta types, classes), RFC 8906 3.1 (opcodes), RFC 9824 3.4 (NXNAME).
 */
import {
  Ede,
  formatClass,
  formatType,
  isMetaType,
  Opcode,
  Rcode,
  RRClass,
  RRType,
} from '../../dns/registry.js';
import { type ClientQuery, type Exchange, ede, type Stage, type Verdict } from '../exchange.js';

type Check = (exchange: Exchange, query: ClientQuery) => Verdict;

export class ScreenStage implements Stage {
  readonly name = 'screen';

  run(exchange: Exchange): Verdict {
    const query = exchange.query!;
    for (const check of checks) {
      const verdict = check(exchange, query);
      if (verdict !== 'next') return verdict;
    }
    return 'next';
  }
}

/** NOTIFY and UPDATE would change what a server holds; here nothing may be changed by DNS. */
const opcode: Check = (exchange, query) =>
  query.opcode === Opcode.QUERY ? 'next' : exchange.fail(Rcode.NOTIMP);

const wholeness: Check = (exchange, query) =>
  query.defect === undefined ? 'next' : exchange.fail(Rcode.FORMERR, ede(Ede.OTHER, query.defect));

const ednsVersion: Check = (exchange, query) =>
  query.edns === undefined || query.edns.version === 0 ? 'next' : exchange.fail(Rcode.BADVERS);

const qclass: Check = (exchange, query) => {
  const cls = query.question!.class;
  if (cls === RRClass.IN || cls === RRClass.CH) return 'next';
  const text = ede(Ede.NOT_SUPPORTED, `class ${formatClass(cls)} is not served`);
  return exchange.fail(cls === RRClass.ANY || cls === RRClass.NONE ? Rcode.NOTIMP : Rcode.REFUSED, text);
};

const qtype: Check = (exchange, query) => {
  const { type } = query.question!;
  if (type === RRType.AXFR || type === RRType.IXFR) {
    return exchange.fail(Rcode.REFUSED, ede(Ede.NOT_SUPPORTED, 'a resolver has no zones to transfer'));
  }
  if (type === RRType.ANY || (type !== 0 && !isMetaType(type))) return 'next';
  return exchange.fail(Rcode.FORMERR, ede(Ede.INVALID_QUERY_TYPE, `${formatType(type)} cannot be asked for`));
};

const checks: readonly Check[] = [opcode, ednsVersion, wholeness, qclass, qtype];
