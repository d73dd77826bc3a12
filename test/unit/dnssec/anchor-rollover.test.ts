/** RFC 5011: what becomes of trust anchors as a zone rolls its keys. */
import { describe, expect, test } from 'vitest';
import { parseName } from '../../../src/dns/name.js';
import { RRType } from '../../../src/dns/registry.js';
import type { RRset } from '../../../src/dns/rrset.js';
import {
  advanceKeys,
  anchorsOf,
  HOLD_DOWN_SEC,
  observeKeys,
  refreshAfterSec,
  type TrackedKey,
} from '../../../src/dnssec/anchor-rollover.js';
import { KEY_FLAG_REVOKE } from '../../../src/dnssec/records.js';
import { CryptoVerifier } from '../../../src/dnssec/signature-verifier.js';
import { dsRdata, type SigningKey, signRRset } from '../../../src/dnssec/signing-key.js';
import { budgetOf } from '../../support/signed-data.js';
import { fixedKey, NOW_SEC } from '../../support/signed-net.js';

const zone = parseName('.');
const DAY = 86_400;
const [first, second, third] = [fixedKey('first'), fixedKey('second'), fixedKey('third')];
const revokedFirst = fixedKey('first', 257 | KEY_FLAG_REVOKE);
const configured = { zone, ds: [dsRdata(zone, first)], dnskey: [] };

function keySet(keys: readonly SigningKey[], by: readonly SigningKey[], nowSec: number): RRset {
  const bare = {
    name: zone,
    type: RRType.DNSKEY,
    class: 1,
    ttlSec: 2 * DAY,
    rdatas: keys.map((k) => k.rdata),
    signatures: [],
  };
  const times = { inceptionSec: nowSec - DAY, expirationSec: nowSec + 20 * DAY };
  return { ...bare, signatures: by.map((key) => signRRset(bare, key, zone, times)) };
}

/** One look at the zone, `afterDays` from the start. */
function look(
  tracked: readonly TrackedKey[],
  afterDays: number,
  keys: readonly SigningKey[],
  by: readonly SigningKey[],
) {
  const nowSec = NOW_SEC + afterDays * DAY;
  const ctx = { verifier: new CryptoVerifier(), nowSec, skewSec: 0, budget: budgetOf() };
  const seen = observeKeys(keySet(keys, by, nowSec), configured, tracked, ctx);
  return seen ? advanceKeys(tracked, seen, nowSec) : tracked;
}

const states = (tracked: readonly TrackedKey[]) => tracked.map((key) => key.state);
const started = look([], 0, [first], [first]);

describe('RFC 5011', () => {
  test('at first the keys that the configured anchors name are valid, no others', () => {
    expect(started).toEqual([{ rdata: first.rdata, state: 'valid', sinceSec: NOW_SEC }]);
    expect(look([], 0, [first, second], [first])).toEqual(started);
    expect(look([], 0, [second], [second])).toEqual([]);
    expect(anchorsOf(zone, started)).toEqual([{ zone, type: RRType.DNSKEY, rdata: first.rdata }]);
  });

  test('2.4.1: a new key is trusted after 30 days in which it was always there', () => {
    const seen = look(started, 1, [first, second], [first]);
    expect(states(seen)).toEqual(['valid', 'pending']);
    expect(anchorsOf(zone, seen)).toHaveLength(1);
    const almost = look(seen, 30, [first, second], [first]);
    expect(states(almost)).toEqual(['valid', 'pending']);
    const trusted = look(almost, 31, [first, second], [first]);
    expect(states(trusted)).toEqual(['valid', 'valid']);
    expect(anchorsOf(zone, trusted)).toHaveLength(2);
  });

  test('4: a pending key that goes away starts anew', () => {
    const seen = look(started, 1, [first, second], [first]);
    const gone = look(seen, 20, [first], [first]);
    expect(states(gone)).toEqual(['valid']);
    const back = look(gone, 40, [first, second], [first]);
    expect(back[1]).toEqual({ rdata: second.rdata, state: 'pending', sinceSec: NOW_SEC + 40 * DAY });
  });

  test('2.2: what no trusted key signed changes nothing, be it signed by the new key itself', () => {
    const seen = look(started, 1, [first, second], [first]);
    expect(look(seen, 60, [first, second, third], [second, third])).toBe(seen);
    expect(look(seen, 60, [second], [second])).toBe(seen);
  });

  test('keys without the SEP flag are never anchors', () => {
    expect(states(look(started, 1, [first, fixedKey('zsk', 256)], [first]))).toEqual(['valid']);
  });

  test('4.2: a missing key stays trusted, and is valid again when it is back', () => {
    const both = look(look(started, 1, [first, second], [first]), 31, [first, second], [first]);
    const missing = look(both, 32, [second], [second]);
    expect(states(missing)).toEqual(['missing', 'valid']);
    expect(anchorsOf(zone, missing)).toHaveLength(2);
    expect(states(look(missing, 33, [first, second], [second]))).toEqual(['valid', 'valid']);
  });

  test('2.1: a key revoked by its own signature is no anchor from then on, and removed after 30 days', () => {
    const both = look(look(started, 1, [first, second], [first]), 31, [first, second], [first]);
    const revoked = look(both, 40, [revokedFirst, second], [revokedFirst, second]);
    expect(states(revoked)).toEqual(['revoked', 'valid']);
    expect(anchorsOf(zone, revoked)).toEqual([{ zone, type: RRType.DNSKEY, rdata: second.rdata }]);
    expect(states(look(revoked, 69, [second], [second]))).toEqual(['revoked', 'valid']);
    expect(states(look(revoked, 70, [second], [second]))).toEqual(['removed', 'valid']);
    const again = look(revoked, 71, [first, second], [second]);
    expect(states(again)).toEqual(['removed', 'valid']);
  });

  test("2.1: the bit alone, without the key's own signature, revokes nothing", () => {
    const both = look(look(started, 1, [first, second], [first]), 31, [first, second], [first]);
    expect(states(look(both, 40, [revokedFirst, second], [second]))).toEqual(['missing', 'valid']);
  });

  test('2.1: the only anchor can revoke itself, and nothing else is believed with it', () => {
    const revoked = look(started, 1, [revokedFirst, second], [revokedFirst]);
    expect(states(revoked)).toEqual(['revoked']);
    expect(anchorsOf(zone, revoked)).toEqual([]);
  });

  test('2.3: the zone is looked at again within 15 days, not before an hour', () => {
    const base = { present: [], revoked: [], configured: [] };
    expect(refreshAfterSec(undefined)).toBe(3600);
    expect(refreshAfterSec({ ...base, originalTtlSec: 2 * DAY, signatureLeftSec: 20 * DAY })).toBe(DAY);
    expect(refreshAfterSec({ ...base, originalTtlSec: 90 * DAY, signatureLeftSec: 90 * DAY })).toBe(15 * DAY);
    expect(refreshAfterSec({ ...base, originalTtlSec: 60, signatureLeftSec: -5 })).toBe(3600);
    expect(HOLD_DOWN_SEC).toBe(30 * DAY);
  });
});
