import { describe, expect, it } from 'vitest';
import { FailureCache } from '../../../src/cache/failure-cache.js';
import { parseName } from '../../../src/dns/name.js';
import { Ede } from '../../../src/dns/registry.js';
import { budgetFailure, noServerFailure, ServerReport, walkFailure } from '../../../src/resolver/failures.js';
import { QueryContext } from '../../../src/resolver/query-context.js';
import { UnreachableZones } from '../../../src/resolver/unreachable-zones.js';
import { Budget } from '../../../src/runtime/budget.js';
import { VirtualClock } from '../../../src/runtime/clock.js';
import { asking } from '../../support/responses.js';

const server = (n: number) => ({ address: `192.0.2.${n}`, port: 53, name: undefined });
const zone = { zone: parseName('test.'), source: 'cache', servers: [], leaseUntilMs: 0 } as const;

describe('what servers did', () => {
  it('is told once each, TCP by its name, at most four lines', () => {
    const report = new ServerReport();
    expect(report.empty).toBe(true);
    report.note(server(1), 'udp', 'timeout');
    report.note(server(1), 'udp', 'timeout');
    report.note(server(1), 'tcp', 'timeout');
    for (let i = 2; i < 9; i++) report.note(server(i), 'udp', 'REFUSED');
    expect(report.errors().map((e) => e.text)).toEqual([
      '192.0.2.1: timeout',
      '192.0.2.1 (tcp): timeout',
      '192.0.2.2: REFUSED',
      '192.0.2.3: REFUSED',
    ]);
    expect(report.errors().every((e) => e.code === Ede.NETWORK_ERROR)).toBe(true);
  });
});

describe('failures', () => {
  it('no server with an address is told from no server that answers', () => {
    const report = new ServerReport();
    expect(noServerFailure(zone, report)).toMatchObject({ reason: 'no-address', ede: [{ code: 22 }] });
    report.note(server(1), 'udp', 'timeout');
    expect(noServerFailure(zone, report)).toMatchObject({
      reason: 'no-reachable-server',
      ede: [{ code: 22 }, { code: 23 }],
    });
  });

  it('name the limit that ended the work', () => {
    const budget = new Budget(0);
    const ctx = QueryContext.root(asking('a.test.'), budget, new VirtualClock());
    expect(budgetFailure(ctx, new ServerReport()).ede[0]!.text).toMatch(/queries per zone/);
    budget.spend('aliases', 99);
    expect(budgetFailure(ctx, new ServerReport()).ede[0]!.text).toBe('limit reached: aliases 11');
    const late = QueryContext.root(asking('a.test.'), new Budget(-8000), new VirtualClock());
    expect(late.budget.timeLeftMs(0)).toBe(0);
    expect(budgetFailure(late, new ServerReport())).toMatchObject({
      reason: 'timeout',
      ede: [{ code: 22, text: 'no answer within 7000 ms' }],
    });
  });

  it('carry the code that fits the reason', () => {
    const code = (reason: Parameters<typeof walkFailure>[0]) =>
      walkFailure(reason, '', new ServerReport()).ede[0]!.code;
    expect(code('bogus')).toBe(Ede.DNSSEC_BOGUS);
    expect(code('bad-response')).toBe(Ede.INVALID_DATA);
    expect(code('loop')).toBe(Ede.OTHER);
    expect(code('not-cached')).toBe(Ede.NOT_AUTHORITATIVE);
  });
});

describe('UnreachableZones', () => {
  it('remembers a zone for the back-off of failures, until it is reached', async () => {
    const clock = new VirtualClock();
    const zones = new UnreachableZones(new FailureCache({ clock, maxOctets: 100_000 }));
    const failure = noServerFailure(zone, new ServerReport());
    zones.note(zone.zone, failure);
    expect(zones.has(zone.zone)).toBe(true);
    expect(zones.has(parseName('a.test.'))).toBe(false);
    await clock.advance(5001);
    expect(zones.has(zone.zone)).toBe(false);
    zones.note(zone.zone, failure);
    await clock.advance(9000);
    expect(zones.has(zone.zone)).toBe(true);
    zones.reached(zone.zone);
    expect(zones.has(zone.zone)).toBe(false);
  });
});
