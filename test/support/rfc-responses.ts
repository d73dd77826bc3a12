/** The example responses of RFC 4035 and RFC 5155, appendix B, checked against our authoritative server. */
import { describe, expect, test } from 'vitest';
import { lookupZone } from '../../src/authority/lookup.js';
import { parseName } from '../../src/dns/name.js';
import { parseType, RRClass } from '../../src/dns/registry.js';
import { loadZoneFile } from '../../src/zone/build.js';
import type { Zone } from '../../src/zone/zone.js';
import { linesOf, linesOfText } from './answer-lines.js';
import { hasSharedData, readShared, sharedPath } from './shared-data.js';

interface ExampleResponse {
  readonly id: string;
  readonly title: string;
  /** As `QR AA DO RCODE=0`. */
  readonly header: string;
  readonly qname: string;
  readonly qtype: string;
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  readonly additional: readonly string[];
}

/** @param name as in the data, `rfc4035` */
export function describeExampleResponses(name: string): void {
  const zoneFile = `vectors/${name}-appendix-a.zone`;
  const responseFile = `vectors/${name}-appendix-b.json`;
  const missing = !hasSharedData(zoneFile) || !hasSharedData(responseFile);
  if (missing) {
    test(`appendix B: the example zone is not there, so nothing is checked (${zoneFile})`, (context) =>
      context.skip());
    return;
  }
  const { responses } = JSON.parse(readShared(responseFile)) as { responses: ExampleResponse[] };
  describe('appendix B', () => {
    test('the example zone of appendix A loads', () => {
      const { zone, problems } = loadZoneFile(sharedPath(zoneFile));
      expect(problems).toEqual([]);
      expect(zone).toBeDefined();
    });
    for (const example of responses) {
      test(`${example.id} ${example.title}: our answer has the same header and records`, () => {
        checkResponse(loadZoneFile(sharedPath(zoneFile)).zone!, example);
      });
    }
  });
}

function checkResponse(zone: Zone, example: ExampleResponse): void {
  const question = { name: parseName(example.qname), type: parseType(example.qtype)!, class: RRClass.IN };
  const answer = lookupZone(zone, question, { do: example.header.includes('DO') });
  expect(`RCODE=${answer.rcode}`).toBe(/RCODE=[0-9]+/.exec(example.header)![0]);
  expect(answer.aa).toBe(example.header.includes('AA'));
  expect(linesOf(answer.answer)).toEqual(linesOfText(example.answer));
  expect(linesOf(answer.authority)).toEqual(linesOfText(example.authority));
  // The RFCs' own examples differ in whether addresses of the zone's name servers go along.
  const additional = linesOf(answer.additional);
  expect(additional).toEqual(expect.arrayContaining(linesOfText(example.additional)));
}
