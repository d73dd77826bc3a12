/**
 * The part of the manifest that says which zones are signed, with what keys, and what is wrong with it.
 *
 * manifest.ts reads it along with the rest; load.ts makes a ZoneSigner of each entry. Format: zones/README.md.
 * Limitations: a key is used with the usual algorithm of its type, so RSA keys sign as RSA/SHA-256.
 */
import { z } from 'zod';
import type { Octets } from '../dns/name.js';
import type { DenialMethod } from '../dnssec/sign-zone.js';
import type { SigningTimes } from '../dnssec/signing-key.js';
import type { Place } from '../zone/zone-error.js';

/** Ways to sign a zone wrongly on purpose; signing-faults.ts says what each does. */
export const signingFaults = [
  'wrongDs',
  'unsigned',
  'stripSignatures',
  'stripDnskey',
  'stripDenial',
  'wrongDenial',
  'hiddenZsk',
  'corruptSignatures',
  'unknownAlgorithm',
  'unknownDigest',
  'noZoneBit',
  'revoked',
] as const;
export type SigningFault = (typeof signingFaults)[number];

/** How one zone file is signed. */
export interface SigningPlan extends SigningTimes {
  /** Key files relative to the manifest. Without `zsk` the one key signs everything. */
  readonly ksk: string;
  readonly zsk: string | undefined;
  readonly denial: DenialMethod;
  /** Whether the parent, when it is signed too, publishes a DS. */
  readonly ds: boolean;
  readonly fault: SigningFault | undefined;
  /** Of the key in the map of zones. */
  readonly place: Place;
}

const day = z.iso.date('expected a day as in 2030-12-31').transform((text) => Date.parse(text) / 1000);
const HEXADECIMAL = 'expected octets in hexadecimal, in quotes where they could be a number';
const salt = z
  .string(HEXADECIMAL)
  .regex(/^([0-9a-f]{2}){0,255}$/i, HEXADECIMAL)
  .transform((text): Octets => Buffer.from(text, 'hex').latin1Slice());
const keyFile = z.string().min(1);
const zone = z
  .strictObject({
    csk: keyFile.optional(),
    ksk: keyFile.optional(),
    zsk: keyFile.optional(),
    denial: z.enum(['nsec', 'nsec3', 'nsec3-optout']).default('nsec'),
    salt: salt.default(''),
    iterations: z.int().min(0).max(2500).default(0),
    ds: z.boolean().default(true),
    inception: day.optional(),
    expiration: day.optional(),
    fault: z.enum(signingFaults).optional(),
  })
  .refine(({ csk, ksk, zsk }) => (csk ? !ksk && !zsk : ksk && zsk), 'expected csk, or ksk and zsk')
  .refine(({ zsk, fault }) => fault !== 'hiddenZsk' || zsk, 'the fault hiddenZsk needs ksk and zsk');

/** The value of `signing`. */
export const signingSchema = z.strictObject({
  inception: day,
  expiration: day,
  zones: z.record(z.string(), zone),
});
type Raw = z.output<typeof signingSchema>;

/** @param place where an entry stands, by the zone file that is its key */
export function toSigningPlans(
  raw: Raw | undefined,
  place: (file: string) => Place,
): ReadonlyMap<string, SigningPlan> {
  const plans = new Map<string, SigningPlan>();
  for (const [file, { csk, ksk, zsk, ds, fault, ...zone }] of Object.entries(raw?.zones ?? {})) {
    plans.set(file, {
      ksk: (csk ?? ksk)!,
      zsk,
      denial: toDenial(zone),
      inceptionSec: zone.inception ?? raw!.inception,
      expirationSec: zone.expiration ?? raw!.expiration,
      ds,
      fault,
      place: place(file),
    });
  }
  return plans;
}

function toDenial({
  denial,
  salt,
  iterations,
}: Pick<z.output<typeof zone>, 'denial' | 'salt' | 'iterations'>) {
  if (denial === 'nsec') return { kind: 'nsec' } as const;
  return { kind: 'nsec3', salt, iterations, optOut: denial === 'nsec3-optout' } as const;
}
