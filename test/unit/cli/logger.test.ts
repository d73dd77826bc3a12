import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { queryLogger } from '../../../src/cli/logger.js';
import { parseName } from '../../../src/dns/name.js';

describe('the query log', () => {
  it('has one JSON line per query, with names, types and codes as people write them', () => {
    const lines: string[] = [];
    const log = queryLogger(
      pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(line) }),
    );
    const common = { client: '192.0.2.1', transport: 'udp', tookMs: 1.23456, missReason: 'expired' } as const;
    log({
      ...common,
      lookupClass: 'walked',
      qtype: 28,
      qclass: 1,
      rcode: 3,
      qname: parseName('a\\010b.test.'),
      view: 'kids',
    });
    log({
      ...common,
      lookupClass: 'refused',
      missReason: undefined,
      qtype: 65280,
      qclass: 3,
      rcode: undefined,
      qname: undefined,
    });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        level: 30,
        client: '192.0.2.1',
        transport: 'udp',
        qname: 'a\\010b.test.',
        qtype: 'AAAA',
        rcode: 'NXDOMAIN',
        view: 'kids',
        class: 'walked',
        miss: 'expired',
        ms: 1.235,
        msg: 'query',
      },
      {
        level: 30,
        client: '192.0.2.1',
        transport: 'udp',
        qtype: 'TYPE65280',
        qclass: 'CH',
        class: 'refused',
        ms: 1.235,
        msg: 'query',
      },
    ]);
    expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
  });
});
