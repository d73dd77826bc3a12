/**
 * The manifest of a mock internet, `internet.yaml`: text to checked values, with the place of every mistake.
 *
 * load.ts reads the zones it names. Format: zones/README.md. Addresses are literal; who may use which is
 * checked when sockets are opened, since the same manifest also serves tests without sockets.
 */
import { isIP } from 'node:net';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { type Name, NameError, parseName } from '../dns/name.js';
import { Rcode } from '../dns/registry.js';
import type { Place } from '../zone/zone-error.js';
import { type Faults, noFaults } from './faults.js';
import { type SigningPlan, signingSchema, toSigningPlans } from './manifest-signing.js';
import { placeOf } from './yaml-place.js';

export interface ManifestProblem extends Place {
  readonly code: 'MANIFEST_UNREADABLE' | 'MANIFEST_SYNTAX' | 'MANIFEST_VALUE' | 'MANIFEST_REFERENCE';
  readonly severity: 'error';
  readonly message: string;
}

export interface ManifestServer {
  readonly id: string;
  /** Of its id. */
  readonly place: Place;
  readonly name: Name;
  readonly addresses: readonly string[];
  /** Relative to the manifest, as written, with the place of each for errors. */
  readonly zoneFiles: readonly { readonly path: string; readonly place: Place }[];
  readonly faults: Faults;
}

export interface Manifest {
  readonly port: number;
  readonly rootServers: readonly string[];
  readonly servers: readonly ManifestServer[];
  /** How zones are signed, by zone file as `servers` name it; others are not. */
  readonly signing: ReadonlyMap<string, SigningPlan>;
}

export interface ParsedManifest {
  /** Undefined when there is any problem. */
  readonly manifest: Manifest | undefined;
  readonly problems: readonly ManifestProblem[];
}

const UNIT_MS = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
]);
const duration = z.union([z.number(), z.string()]).transform((value, context): number => {
  const match = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m)$/.exec(String(value));
  const ms = match
    ? Number(match[1]) * UNIT_MS.get(match[2]!)!
    : typeof value === 'number'
      ? value
      : Number.NaN;
  if (ms >= 0 && ms <= 3_600_000) return ms;
  context.addIssue({ code: 'custom', message: 'expected a duration as in 20ms or 1.5s, up to 60m' });
  return 0;
});
const chance = z
  .custom<boolean | number>(
    (value) => typeof value === 'boolean' || (typeof value === 'number' && value >= 0 && value <= 1),
    'expected true, false or a probability from 0 to 1',
  )
  .transform(Number);
const rcode = z.string().transform((text, context): number => {
  const known = Object.entries(Rcode).find(([name, value]) => name === text.toUpperCase() && value < 16);
  if (known) return known[1];
  context.addIssue({ code: 'custom', message: 'expected an RCODE as in SERVFAIL or NOTIMP' });
  return 0;
});
const faults = z.strictObject({
  delay: duration.optional(),
  jitter: duration.optional(),
  loss: chance.optional(),
  silent: chance.optional(),
  lame: chance.optional(),
  refuse: chance.optional(),
  rcode: rcode.optional(),
  noEdns: z.enum(['formerr', 'drop', 'notimp']).optional(),
  truncate: z.enum(['udp', 'always']).optional(),
  noTcp: z.boolean().optional(),
  noAa: chance.optional(),
  lowercase: chance.optional(),
  wrongQuestion: chance.optional(),
  wrongId: chance.optional(),
  malformed: chance.optional(),
});
const hostName = z.string().transform((text, context): Name => {
  try {
    return parseName(text);
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
});
const address = z.string().refine((text) => isIP(text) !== 0, 'expected a literal IPv4 or IPv6 address');
const server = z.strictObject({
  id: z.string().min(1),
  name: hostName,
  addresses: z.array(address).min(1),
  zones: z.array(z.string().min(1)).default([]),
  faults: faults.optional(),
});
const schema = z.strictObject({
  port: z.int().min(0).max(65_535).default(5311),
  rootServers: z.array(z.string()).min(1),
  defaults: faults.optional(),
  servers: z.array(server).min(1),
  signing: signingSchema.optional(),
});
type Raw = z.infer<typeof schema>;
/** Faults in the form of the manifest, for it and for the builder. */
export type FaultFields = z.input<typeof faults>;

/** @param file named in problems */
export function parseManifest(text: string, file: string): ParsedManifest {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'error' });
  const place = (path: readonly PropertyKey[]) => placeOf(document, lines, path, file);
  const problems: ManifestProblem[] = document.errors.map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    const message = error.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '');
    return { code: 'MANIFEST_SYNTAX', severity: 'error', file, line, column: col, message };
  });
  if (problems.length > 0) return { manifest: undefined, problems };
  const report = (code: ManifestProblem['code'], path: readonly PropertyKey[], message: string) =>
    problems.push({ code, severity: 'error', ...place(path), message });
  const content = toContent(document);
  if (content instanceof ReferenceError) {
    report('MANIFEST_SYNTAX', [], content.message);
    return { manifest: undefined, problems };
  }
  const parsed = schema.safeParse(content);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      // An unknown key is reported where it stands, not where its map begins.
      const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path;
      report('MANIFEST_VALUE', path, `${path.map(String).join('.') || 'manifest'}: ${issue.message}`);
    }
    return { manifest: undefined, problems };
  }
  crossCheck(parsed.data, report);
  return { manifest: problems.length > 0 ? undefined : toManifest(parsed.data, place), problems };
}

/** An alias to nothing, or far too many of them, is an error that YAML only finds here. */
function toContent(document: Document): unknown {
  try {
    return document.toJS();
  } catch (error) {
    if (error instanceof ReferenceError) return error;
    throw error;
  }
}

type Report = (code: ManifestProblem['code'], path: readonly PropertyKey[], message: string) => void;

function crossCheck(raw: Raw, report: Report): void {
  const ids = new Set<string>();
  const owners = new Map<string, string>();
  raw.servers.forEach(({ id, addresses }, i) => {
    if (ids.has(id)) report('MANIFEST_REFERENCE', ['servers', i, 'id'], `server id ${id} is used twice`);
    ids.add(id);
    addresses.forEach((address, j) => {
      const owner = owners.get(address);
      const path = ['servers', i, 'addresses', j];
      if (owner !== undefined) report('MANIFEST_REFERENCE', path, `${address} already belongs to ${owner}`);
      owners.set(address, id);
    });
  });
  raw.rootServers.forEach((id, i) => {
    if (!ids.has(id))
      report('MANIFEST_REFERENCE', ['rootServers', i], `there is no server with the id ${id}`);
  });
  const files = new Set(raw.servers.flatMap(({ zones }) => zones));
  for (const file of Object.keys(raw.signing?.zones ?? {})) {
    const path = ['signing', 'zones', file];
    if (!files.has(file)) report('MANIFEST_REFERENCE', path, `no server has the zone file ${file}`);
  }
}

function toManifest(raw: Raw, place: (path: readonly PropertyKey[]) => Place): Manifest {
  const servers = raw.servers.map(({ id, name, addresses, zones, faults: own }, i) => ({
    id,
    place: place(['servers', i, 'id']),
    name,
    addresses,
    zoneFiles: zones.map((path, j) => ({ path, place: place(['servers', i, 'zones', j]) })),
    faults: toFaults({ ...raw.defaults, ...own }),
  }));
  const signing = toSigningPlans(raw.signing, (file) => place(['signing', 'zones', file]));
  return { port: raw.port, rootServers: raw.rootServers, servers, signing };
}

function toFaults({ delay, jitter, ...others }: z.output<typeof faults>): Faults {
  return { ...noFaults, ...others, delayMs: delay ?? 0, jitterMs: jitter ?? 0 };
}

/**
 * Faults from the form of the manifest.
 *
 * @throws {z.ZodError} when they are malformed
 */
export function parseFaults(fields: FaultFields): Faults {
  return toFaults(faults.parse(fields));
}
