import { describe, expect, test } from 'vitest';
import { noFaults } from '../../src/authority/faults.js';
import { AuthorityServer } from '../../src/authority/server.js';
import { ZoneSet } from '../../src/authority/zone-set.js';
import {
  formatName,
  isSubdomain,
  isWildcard,
  type Name,
  parseName,
  prependLabel,
} from '../../src/dns/name.js';
import { formatType, RRClass, RRType } from '../../src/dns/registry.js';
import type { Question } from '../../src/dns/rrset.js';
import { seededRandom } from '../../src/runtime/random.js';
import { decodeMessage } from '../../src/wire/decode.js';
import { encodeQuery } from '../../src/wire/encode.js';
import { loadZoneText } from '../../src/zone/build.js';
import type { Zone } from '../../src/zone/zone.js';
import { linesOf } from '../support/answer-lines.js';
import { childZone, extraNames, parentZone } from '../support/differential-zones.js';
import { hasNsd, Nsd, type NsdZone } from '../support/nsd.js';
import { hasSharedData, readShared } from '../support/shared-data.js';
import { type Denial, hasSigner, signZone } from '../support/sign-zone.js';

// Left out: ANY, to which NSD gives one RRset and we give all, and NSEC3, which NSD denies even under aliases.
const { A, AAAA, NS, CNAME, SOA, MX, TXT, SRV, DS, DNAME, HTTPS, NSEC, RRSIG, DNSKEY } = RRType;
const types = [A, AAAA, NS, CNAME, SOA, MX, TXT, SRV, DS, DNAME, HTTPS, NSEC, RRSIG, DNSKEY, 65280];

interface Comparison {
  readonly what: string;
  readonly rcode: number;
  readonly aa: boolean;
  readonly tc: boolean;
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  readonly additional: readonly string[];
}

function readAnswer(what: string, packet: Buffer): Comparison {
  const decoded = decodeMessage(packet);
  if (!decoded.ok) throw new Error(`${what}: ${decoded.reason}`);
  const { rcode, aa, tc, answer, authority, additional } = decoded.message;
  return {
    what,
    rcode,
    aa,
    tc,
    answer: linesOf(answer),
    authority: linesOf(authority),
    additional: linesOf(additional),
  };
}

/** NSD leaves out what is only helpful beyond this size. */
const NSD_FULL_OCTETS = 1232;

/**
 * Lines in which NSD 4.6 has more or less than the RFCs say. What is left out here the examples of RFC 4035
 * and RFC 5155 check.
 */
function isIncomparable(line: string, question: Question, viaDname: boolean): boolean {
  // After a DNAME its proofs are about another name than that which RFC 4035 3.1.3.2 wants covered.
  if (viaDname && / (rrsig )?nsec3? /.test(line)) return true;
  // A wildcard that is asked for by its own name gets a closest encloser proof that RFC 5155 7.2.3 has not.
  if (isWildcard(question.name) && / (rrsig )?nsec3 /.test(line)) return true;
  // NSEC3 and its RRSIG are not of the owner's own types (RFC 5155 7.2.8).
  return question.type === RRType.RRSIG && / rrsig nsec3 /.test(line);
}

function expectSame(what: string, question: Question, ourPacket: Buffer, theirPacket: Buffer): void {
  const ours = readAnswer(what, ourPacket);
  const theirs = readAnswer(what, theirPacket);
  const viaDname = ours.answer.some((line) => line.includes(' dname '));
  const pick = (lines: readonly string[]) =>
    lines.filter((line) => !isIncomparable(line, question, viaDname));
  const big = ourPacket.length > NSD_FULL_OCTETS;
  const moreAdditional = big || question.type === RRType.HTTPS; // for which NSD adds no addresses
  expect({ ...ours, answer: pick(ours.answer), authority: pick(ours.authority) }).toEqual({
    ...theirs,
    answer: pick(theirs.answer),
    authority: big ? expect.arrayContaining(pick(theirs.authority)) : pick(theirs.authority),
    additional: moreAdditional ? expect.arrayContaining([...theirs.additional]) : theirs.additional,
  });
}

/** Names that the zones do not have, or that a wildcard or a cut decides, next to each that they have. */
function namesBelow(name: Name): Name[] {
  const below = ['nx', '*'].map((label) => prependLabel(label, name));
  const deeper = below[0] && prependLabel('q', below[0]);
  return [...below, deeper].filter((candidate) => candidate !== undefined);
}

function questions(zones: readonly Zone[]): Question[] {
  const own = new Set<Name>(extraNames.map((name) => parseName(name)));
  for (const zone of zones) for (const name of zone.names()) own.add(name);
  const below = new Set([...own].flatMap(namesBelow).filter((name) => !own.has(name)));
  const ask = (names: Iterable<Name>, asked: readonly number[]) =>
    [...names].flatMap((name) => asked.map((type) => ({ name, type, class: RRClass.IN })));
  return [...ask(own, types), ...ask(below, [A, TXT, DS])];
}

/** @param skipBelow questions at or below this name are not asked */
async function compareWithNsd(
  zoneTexts: readonly NsdZone[],
  dnssec: readonly boolean[],
  skipBelow?: Name,
): Promise<void> {
  const zones = zoneTexts.map(({ apex, text }) => {
    const { zone, problems } = loadZoneText(text, { origin: parseName(apex) });
    expect(problems.filter((problem) => problem.severity === 'error')).toEqual([]);
    return zone!;
  });
  const spec = { id: 'ours', name: parseName('ours.test.'), addresses: [], faults: noFaults };
  const ours = new AuthorityServer(spec, new ZoneSet(zones));
  const chosen = questions(zones).filter(({ name }) => !skipBelow || !isSubdomain(name, skipBelow));
  const asked = chosen.flatMap((question) =>
    dnssec.map((flag) => {
      const edns = { version: 0, udpSize: 4096, do: flag, options: [] };
      const packet = encodeQuery({ id: 0, question, rd: false, cd: false, edns });
      return {
        packet,
        question,
        what: `${formatName(question.name)} ${formatType(question.type)} do=${flag}`,
      };
    }),
  );
  const nsd = await Nsd.start(zoneTexts);
  try {
    const theirs = await nsd.askAll(asked.map(({ packet }) => packet));
    asked.forEach(({ packet, question, what }, i) => {
      const reply = ours.answerQuery(packet, 'udp', seededRandom(1));
      if (reply.kind !== 'reply') throw new Error(`${what}: no reply`);
      expectSame(what, question, reply.packet, theirs[i]!);
    });
  } finally {
    await nsd.stop();
  }
}

/** Thousands of questions; a busy machine may take its time. */
const LIMIT_MS = 120_000;

describe.skipIf(!hasNsd())('our answers are those of NSD, in RCODE, AA, TC and every section', () => {
  test(
    'for unsigned zones, a parent and its child on one server',
    async () => {
      const zones = [
        { apex: 'example.', text: parentZone },
        { apex: 'child.example.', text: childZone },
      ];
      await compareWithNsd(zones, [false, true]);
    },
    LIMIT_MS,
  );

  const denials: readonly Denial[] = ['nsec', 'nsec3', 'nsec3-opt-out'];
  for (const denial of denials) {
    test.skipIf(!hasSigner())(
      `for zones signed with ${denial}`,
      async () => {
        const zones = [
          { apex: 'example.', text: signZone('example.', parentZone, denial) },
          { apex: 'child.example.', text: signZone('child.example.', childZone, denial) },
        ];
        // NSD does not prove what is at an empty non-terminal that only has opted-out delegations.
        const skipBelow = denial === 'nsec3-opt-out' ? parseName('ent3.example.') : undefined;
        await compareWithNsd(zones, [true], skipBelow);
      },
      LIMIT_MS,
    );
  }

  for (const rfc of ['rfc4035', 'rfc5155']) {
    const path = `vectors/${rfc}-appendix-a.zone`;
    test.skipIf(!hasSharedData(path))(
      `for the example zone of ${rfc} (needs ${path})`,
      async () => {
        await compareWithNsd([{ apex: 'example.', text: readShared(path) }], [false, true]);
      },
      LIMIT_MS,
    );
  }
});
