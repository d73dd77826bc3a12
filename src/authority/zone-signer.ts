/**
 * Signs one zone of the mock internet as its plan says, faults included, and knows the DS that its parent needs.
 *
 * internet.ts asks for it when a zone is first needed and after each edit of its file; zones are signed where
 * they are served, so that an edit needs no further step (docs/decisions/004).
 * RFC 4034 5, RFC 4035 2, RFC 5155 7.1.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Name } from '../dns/name.js';
import { RRClass, RRType } from '../dns/registry.js';
import type { Rdata, RRset } from '../dns/rrset.js';
import { KEY_FLAG_SEP, KEY_FLAG_ZONE } from '../dnssec/records.js';
import { signZone } from '../dnssec/sign-zone.js';
import { readSigningKey, type SigningKey } from '../dnssec/signing-key.js';
import { Zone } from '../zone/zone.js';
import type { SigningPlan } from './manifest-signing.js';
import { flawedDs, flawedKeyFlags, spoil } from './signing-faults.js';
import type { PendingZone } from './zone-set.js';

/** Longest apex under which the 32 digits of a hash and their length octet fit. */
const MAX_NSEC3_APEX_OCTETS = 255 - 33;

export class ZoneSigner {
  private constructor(
    private readonly plan: SigningPlan,
    private readonly ksk: SigningKey,
    private readonly zsk: SigningKey | undefined,
  ) {}

  /** @throws {Error} that names the key file which is missing or no private key */
  static open(plan: SigningPlan, keys: KeyFiles): ZoneSigner {
    const flags = flawedKeyFlags(plan.fault) ?? KEY_FLAG_ZONE | KEY_FLAG_SEP;
    const zsk = plan.zsk === undefined ? undefined : keys.read(plan.zsk, KEY_FLAG_ZONE);
    return new ZoneSigner(plan, keys.read(plan.ksk, flags), zsk);
  }

  /** Whether a zone of this apex can be signed: NSEC3 owners need room below it. */
  canSign(apex: Name): boolean {
    return this.plan.denial.kind === 'nsec' || apex.length <= MAX_NSEC3_APEX_OCTETS;
  }

  /** DS records for the parent; none for an island of security. */
  dsRdatas(apex: Name): Rdata[] {
    return this.plan.ds ? this.anchors(apex) : [];
  }

  /** DS records to start trust from, also of an island. */
  anchors(apex: Name): Rdata[] {
    return [flawedDs(this.plan.fault, apex, this.ksk)];
  }

  /** @param ds DS RRsets of signed children, added where the zone has none of its own */
  sign(zone: Zone, ds: readonly RRset[]): Zone {
    const { plan, ksk, zsk } = this;
    const own = [...zone.rrsets()];
    const added = ds.filter(({ name }) => zone.rrset(name, RRType.DS) === undefined);
    const { denial, inceptionSec, expirationSec, fault } = plan;
    const keys = zsk ? [ksk, zsk] : [ksk];
    const signed = signZone(zone.apex, [...own, ...added], { keys, denial, inceptionSec, expirationSec });
    const rrsets = fault ? spoil(fault, zone.apex, signed, { ksk, times: plan }) : signed;
    return new Zone(zone.apex, rrsets.find((rrset) => rrset.type === RRType.SOA)!, rrsets);
  }
}

/** A zone that is signed when it is first asked for: most are not, and signing all would hold up the start. */
export class SignedZone implements PendingZone {
  private signed: Zone | undefined;

  /** @param ds gives the DS RRsets of the children of `zone` */
  constructor(
    private readonly zone: Zone,
    private readonly signer: ZoneSigner,
    private readonly ds: () => readonly RRset[],
  ) {}

  get apex(): Name {
    return this.zone.apex;
  }

  ready(): Zone {
    this.signed ??= this.signer.canSign(this.apex) ? this.signer.sign(this.zone, this.ds()) : this.zone;
    return this.signed;
  }
}

/** The DS RRset that `parent` publishes for `child`; undefined where it does not delegate that name. */
export function dsRRset(parent: Zone, child: Name, rdatas: readonly Rdata[]): RRset | undefined {
  const cut = parent.cutAt(child);
  if (cut?.name !== child || rdatas.length === 0) return undefined;
  return { name: child, type: RRType.DS, class: RRClass.IN, ttlSec: cut.ttlSec, rdatas, signatures: [] };
}

/** The key files of one manifest; each is read once, for parsing one takes half a millisecond. */
export class KeyFiles {
  private readonly known = new Map<string, SigningKey>();

  /** @param dir of the manifest */
  constructor(private readonly dir: string) {}

  read(file: string, flags: number): SigningKey {
    const id = `${flags} ${file}`;
    const known = this.known.get(id);
    if (known) return known;
    try {
      const key = readSigningKey(undefined, flags, readFileSync(join(this.dir, file), 'latin1'));
      this.known.set(id, key);
      return key;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`cannot use the key ${file}: ${reason}`);
    }
  }
}
