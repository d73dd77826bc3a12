/**
 * Stage 8: QTYPE ANY gets one HINFO record that says why (RFC 8482 4.2) where a whole answer could serve
 * amplification: by UDP from another machine. Who cannot have forged the address, which is this machine
 * itself and whoever comes by TCP, gets what the servers say, as from other resolvers.
 */

import { RRClass, RRType } from '../../dns/registry.js';
import { loopbackNetworks } from '../../runtime/networks.js';
import type { Exchange, Stage, Verdict } from '../exchange.js';

/** RFC 8482 6 leaves the TTL open; an hour, as no data stands behind it. */
const TTL_SEC = 3600;
/** CPU "RFC8482", OS "". */
const HINFO = '\x07RFC8482\0';

export class AnyStage implements Stage {
  readonly name = 'any';

  run(exchange: Exchange): Verdict {
    const { type, name } = exchange.query!.question!;
    if (type !== RRType.ANY || mayResolve(exchange)) return 'next';
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

function mayResolve({ client, settings }: Exchange): boolean {
  return (
    settings.any === 'resolve' || client.transport !== 'udp' || loopbackNetworks.hasClient(client.address)
  );
}
