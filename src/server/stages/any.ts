/**
 * Stage 8: QTYPE ANY gets one HINFO record that says why (RFC 8482 4.2), by UDP and TCP alike: a whole answer
 * would only serve amplification, and from a cache it never was "all records" anyway.
 */
import { RRClass, RRType } from '../../dns/registry.js';
import type { Exchange, Stage, Verdict } from '../exchange.js';

/** RFC 8482 6 leaves the TTL open; an hour, as no data stands behind it. */
const TTL_SEC = 3600;
/** CPU "RFC8482", OS "". */
const HINFO = '\x07RFC8482\0';

export class AnyStage implements Stage {
  readonly name = 'any';

  run(exchange: Exchange): Verdict {
    const { type, name } = exchange.query!.question!;
    if (type !== RRType.ANY || exchange.settings.any === 'resolve') return 'next';
    const hinfo = {
      name,
      type: RRType.HINFO,
      class: RRClass.IN,
      ttlSec: TTL_SEC,
      rdatas: [HINFO],
      signatures: [],
    };
    return exchange.answer({ answer: [hinfo], lookupClass: 'local' });
  }
}
