import { describe, expect, it } from 'vitest';
import { eventFromJson, eventToJson, reportFromJson, reportToJson } from '../../../src/observe/sinks/json.js';
import { sampleEvents, sampleReport } from './trace-sample.js';

const throughText = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('trace JSON', () => {
  it('comes back as the same report', () => {
    expect(reportFromJson(throughText(reportToJson(sampleReport)))).toEqual(sampleReport);
  });

  it('uses the names of RFC 8427 and presentation form', () => {
    expect(reportToJson(sampleReport)).toMatchObject({
      QNAME: 'www.shop.test.',
      QTYPE: 1,
      QTYPEname: 'A',
      QCLASS: 1,
      QCLASSname: 'IN',
      AD: true,
    });
    const response = sampleEvents.find((event) => event.kind === 'response')!;
    expect(eventToJson(response)).toMatchObject({
      RCODE: 0,
      RCODEname: 'NOERROR',
      AA: false,
      TC: false,
      ANCOUNT: 0,
      NSCOUNT: 1,
      ARCOUNT: 1,
    });
    const probe = sampleEvents.find((event) => event.kind === 'probe')!;
    expect(eventToJson(probe)).toMatchObject({
      NAME: 'www.shop.test.',
      TYPE: 1,
      TYPEname: 'A',
      reason: 'never-seen',
    });
  });

  it('covers every kind of event in the sample', () => {
    const kinds = new Set(sampleEvents.map(({ kind }) => kind));
    expect(kinds.size).toBe(19);
  });

  it('refuses an event from which any required member is missing or of another type', () => {
    const optional = new Set([
      'reason',
      'TTL',
      'detail',
      'serverName',
      'TYPE',
      'TYPEname',
      'QTYPEname',
      'QCLASSname',
      'RCODEname',
      'keyTag',
      'algorithm',
      'maxTtlSec',
    ]);
    for (const event of sampleEvents) {
      const json = throughText(eventToJson(event)) as Record<string, unknown>;
      for (const key of Object.keys(json)) {
        if (optional.has(key)) continue;
        const { [key]: _, ...without } = json;
        expect(() => eventFromJson(without), `${event.kind}.${key}`).toThrow(
          expect.objectContaining({ code: 'BAD_TRACE' }),
        );
        expect(() => eventFromJson({ ...json, [key]: [{}] }), `${event.kind}.${key}`).toThrow(
          expect.objectContaining({ code: 'BAD_TRACE' }),
        );
      }
    }
  });

  it.each([
    null,
    5,
    [],
    {},
    { outcome: 'answer' },
    { outcome: 'answer', events: [], EDE: [] },
    { ...reportToJson(sampleReport), events: [{ kind: '__proto__', span: 0, atMs: 0 }] },
  ])('refuses %j as a report', (value) => {
    expect(() => reportFromJson(value)).toThrow(expect.objectContaining({ code: 'BAD_TRACE' }));
  });
});
