/**
 * The program's log: JSON lines on standard output, one object per line.
 */
import pino, { type Logger } from 'pino';
import type { Config } from '../config/fields.js';
import { formatName } from '../dns/name.js';
import { formatClass, formatRcode, formatType, RRClass } from '../dns/registry.js';
import type { QueryRecord } from '../runtime/recorder.js';

/** Writes are synchronous, so that the last line is there when the process ends. */
export function makeLogger(level: Config['log']['level']): Logger {
  return pino({ level }, pino.destination({ dest: 1, sync: true }));
}

/** One line for every `every`th client query, for `log.queries`. */
export function queryLogger(log: Logger, every = 1): (query: QueryRecord) => void {
  let seen = 0;
  return (query) => {
    if (++seen % every !== 0) return;
    log.info(
      {
        client: query.client,
        transport: query.transport,
        qname: query.qname === undefined ? undefined : formatName(query.qname),
        qtype: formatType(query.qtype),
        qclass: classOf(query.qclass),
        rcode: query.rcode === undefined ? undefined : formatRcode(query.rcode),
        view: query.view,
        class: query.lookupClass,
        miss: query.missReason,
        ms: Number(query.tookMs.toFixed(3)),
      },
      'query',
    );
  };
}

/** Undefined for IN, which nearly all are. */
function classOf(qclass: number | undefined): string | undefined {
  return qclass === undefined || qclass === RRClass.IN ? undefined : formatClass(qclass);
}
