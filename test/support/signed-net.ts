/**
 * A small tree of signed zones, answered by the authoritative lookup, for validators under test.
 *
 * Zones are given as text without DNSSEC records; children are signed first and their DS put into the parent.
 * Keys are Ed25519 made from the zone's name, so key tags are the same in every run.
 */
import { createHash } from 'node:crypto';
import { lookupZone } from '../../src/authority/lookup.js';
import { isSubdomain, labelCount, type Name, parentName, parseName, ROOT } from '../../src/dns/name.js';
import { parseType, Rcode, RRClass, RRType } from '../../src/dns/registry.js';
import type { RRset } from '../../src/dns/rrset.js';
import type { TrustAnchor } from '../../src/dnssec/anchors.js';
import { type DenialMethod, signZone } from '../../src/dnssec/sign-zone.js';
import { dsRdata, readSigningKey, type SigningKey } from '../../src/dnssec/signing-key.js';
import { Validator, type ValidatorOptions } from '../../src/dnssec/validator.js';
import type { ValidationInput, Verdict } from '../../src/dnssec/verdict.js';
import type { FetchResult } from '../../src/dnssec/zone-state.js';
import type { Budget } from '../../src/runtime/budget.js';
import { VirtualClock } from '../../src/runtime/clock.js';
import { parseTime } from '../../src/wire/rdata/dnssec-fields.js';
import { Zone } from '../../src/zone/zone.js';
import { contextOf, rrsetsOf, type TestContext } from './signed-data.js';

export const NOW_SEC = parseTime('20260106000000')!;
const DAY = 86_400;

export interface NetZone {
  readonly apex: string;
  /** Records besides SOA and NS of the apex; relative names end in the apex. */
  readonly records?: readonly string[];
  /** Default NSEC; `unsigned` has no DNSSEC at all. */
  readonly denial?: DenialMethod | 'unsigned';
  readonly keys?: readonly SigningKey[];
  readonly inceptionSec?: number;
  readonly expirationSec?: number;
  /** What the parent publishes; default the DS of the key-signing key. Empty: an island of trust. */
  readonly ds?: readonly string[];
  /** Changes the finished zone. */
  readonly spoil?: (rrset: RRset) => RRset | undefined;
}

export const nsec3 = { kind: 'nsec3', iterations: 0, salt: '', optOut: false } as const;
export const optOut = { ...nsec3, optOut: true } as const;

/** An Ed25519 key whose octets follow from `seed`. */
export function fixedKey(seed: string, flags = 257): SigningKey {
  const secret = createHash('sha256').update(seed).digest();
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), secret]);
  return readSigningKey(
    15,
    flags,
    `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----`,
  );
}

export class SignedNet {
  readonly zones = new Map<Name, Zone>();
  readonly clock = new VirtualClock(NOW_SEC * 1000);
  private readonly defaultAnchors: readonly TrustAnchor[];

  constructor(zones: readonly NetZone[]) {
    const deepestFirst = [...zones].sort(
      (a, b) => labelCount(parseName(b.apex)) - labelCount(parseName(a.apex)),
    );
    const dsByParent: { name: Name; rdatas: readonly string[] }[] = [];
    for (const zone of deepestFirst) {
      const name = parseName(zone.apex);
      const keys = zone.keys ?? [fixedKey(zone.apex)];
      this.zones.set(
        name,
        makeZone(
          zone,
          keys,
          dsByParent.filter((ds) => isSubdomain(ds.name, name)),
        ),
      );
      const ds = zone.ds ?? (zone.denial === 'unsigned' ? [] : [dsRdata(name, keys[0]!)]);
      dropWhere(dsByParent, (entry) => isSubdomain(entry.name, name));
      dsByParent.push({ name, rdatas: ds });
    }
    this.defaultAnchors = dsByParent.flatMap(({ name, rdatas }) =>
      rdatas.map((rdata) => ({ zone: name, type: RRType.DS, rdata })),
    );
  }

  validator(options: Partial<ValidatorOptions> = {}): Validator {
    return new Validator({
      anchors: this.defaultAnchors,
      negativeTrustAnchors: [],
      clock: this.clock,
      clockSkewMs: 0,
      ...options,
    });
  }

  context(budget?: Budget): TestContext {
    return contextOf((name, type) => this.fetch(name, type), budget);
  }

  /** What the servers of the right zone say, as the resolver would hand it over. */
  input(qname: string, qtype = 'A'): ValidationInput {
    const question = { name: parseName(qname), type: parseType(qtype)!, class: RRClass.IN };
    const zone = this.zoneFor(question.name, question.type)!;
    const { rcode, answer, authority } = lookupZone(zone, question, { do: true });
    const kind = answer.length > 0 ? 'answer' : rcode === Rcode.NXDOMAIN ? 'nxdomain' : 'nodata';
    return { question, kind, answer, authority, zone: zone.apex };
  }

  /** Judges the answer with a new validator. `change` is what an attacker does to it. */
  judge(
    qname: string,
    qtype = 'A',
    change: (input: ValidationInput) => ValidationInput = (i) => i,
  ): Promise<Verdict> {
    return this.validator().validate(change(this.input(qname, qtype)), this.context());
  }

  fetch(name: Name, type: number): FetchResult | undefined {
    const zone = this.zoneFor(name, type);
    if (!zone) return undefined;
    const { rcode, answer, authority } = lookupZone(zone, { name, type, class: RRClass.IN }, { do: true });
    if (answer.length > 0) return { kind: 'answer', rrsets: answer };
    return { kind: rcode === Rcode.NXDOMAIN ? 'nxdomain' : 'nodata', authority };
  }

  private zoneFor(name: Name, type: number): Zone | undefined {
    let at = type === RRType.DS && name !== ROOT ? parentName(name) : name;
    for (;;) {
      const zone = this.zones.get(at);
      if (zone) return zone;
      if (at === ROOT) return undefined;
      at = parentName(at);
    }
  }
}

function dropWhere<T>(list: T[], unwanted: (item: T) => boolean): void {
  for (let i = list.length - 1; i >= 0; i--) if (unwanted(list[i]!)) list.splice(i, 1);
}

function makeZone(
  zone: NetZone,
  keys: readonly SigningKey[],
  children: readonly { name: Name; rdatas: readonly string[] }[],
): Zone {
  const apex = parseName(zone.apex);
  const own = ['@ 3600 IN SOA ns.invalid. host.invalid. 1 3600 600 86400 900', '@ 3600 IN NS ns.invalid.'];
  const text = [`$ORIGIN ${zone.apex}`, ...own, ...(zone.records ?? [])].join('\n');
  const plain = {
    type: RRType.NS,
    class: RRClass.IN,
    ttlSec: 3600,
    rdatas: [parseName('ns.invalid.')],
    signatures: [],
  };
  const cuts = children.flatMap(({ name, rdatas }) => [
    { ...plain, name },
    ...(rdatas.length > 0 ? [{ ...plain, name, type: RRType.DS, rdatas }] : []),
  ]);
  const bare = [...rrsetsOf(text), ...cuts];
  const denial = zone.denial ?? { kind: 'nsec' };
  const times = {
    inceptionSec: zone.inceptionSec ?? NOW_SEC - DAY,
    expirationSec: zone.expirationSec ?? NOW_SEC + 7 * DAY,
  };
  const signed = denial === 'unsigned' ? bare : signZone(apex, bare, { keys, denial, ...times });
  const rrsets = zone.spoil ? signed.flatMap((rrset) => zone.spoil!(rrset) ?? []) : signed;
  return new Zone(apex, rrsets.find((r) => r.type === RRType.SOA)!, rrsets);
}

const shop: NetZone = {
  apex: 'shop.test.',
  records: [
    'www 300 IN A 192.0.2.1',
    'alias 300 IN CNAME www',
    '*.wild 300 IN A 192.0.2.9',
    'a.b.ent 300 IN A 192.0.2.3',
    'old 300 IN DNAME new',
    'www.new 300 IN A 192.0.2.4',
  ],
};

/** Root, `test.` and a `shop.test.` with a bit of everything, changed as a test wants; any of them can be replaced. */
export function shopNet(change: Partial<NetZone> = {}, more: readonly NetZone[] = []): SignedNet {
  const own: NetZone[] = [{ apex: '.' }, { apex: 'test.' }, { ...shop, ...change }];
  return new SignedNet([...own.filter((zone) => more.every((other) => other.apex !== zone.apex)), ...more]);
}

export function withoutSignatures(rrset: RRset): RRset {
  return { ...rrset, signatures: [] };
}
