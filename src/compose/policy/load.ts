/**
 * From files to what the operator answers by himself: lists, RPZ, hosts and local zones, for everybody and for each view.
 *
 * Two steps: `loadPart` reads files into tables, which takes long and may be done in any thread; `openPolicy` makes rules of
 * the tables, which takes no time however large they are.
 * A list with bad lines loads the good ones and says how many were bad; a file that cannot be read, or a zone with
 * errors, is an error.
 */
import { lookup } from '../../authority/lookup.js';
import { ZoneSet } from '../../authority/zone-set.js';
import type { Config } from '../../config/fields.js';
import { isSubdomain, parseName } from '../../dns/name.js';
import { assertNever } from '../../dns/outcome.js';
import { HostsTable, readHosts } from '../../policy/hosts.js';
import { Policy } from '../../policy/policy.js';
import { ResponsePolicyZone } from '../../policy/rpz.js';
import { type RpzImage, RpzReader } from '../../policy/rpz-reader.js';
import { BlockList, type BlockListImage, type PolicyList, readBlockList } from '../../policy/rules.js';
import { NetworkSet } from '../../runtime/networks.js';
import type { ServerLog } from '../../server/log.js';
import type { LocalRules, View } from '../../server/settings.js';
import { loadZoneFile } from '../../zone/build.js';
import { openZone, packZone, type ZoneImage } from '../../zone/packed-zone.js';
import { parseZoneFile } from '../../zone/parse.js';
import type { Zone } from '../../zone/zone.js';
import { formatZoneError } from '../../zone/zone-error.js';
import {
  keyOf,
  type LoadedPart,
  type PolicyConfig,
  type PolicyImage,
  type PolicyPart,
  partsIn,
  partsOf,
} from './parts.js';
import { FileInMotionError, PolicyFileError, PolicyReader, stampOf } from './reader.js';

export { PolicyFileError };

/** Of an RPZ file that names none: its rules are relative, so that any will do. */
const RPZ_ORIGIN = parseName('rpz.');
/** Reads of a file that changes meanwhile, where nobody can wait. */
const TRIES = 5;

export interface LoadedPolicy {
  readonly everybody: LocalRules;
  /** Undefined: there are none. */
  readonly views: readonly View[] | undefined;
}

/** All of it at once, in this thread. @throws {PolicyFileError} */
export function loadPolicy(config: PolicyConfig, log: ServerLog): LoadedPolicy {
  return openPolicy(config, loadParts(partsOf(config), log));
}

/** @throws {PolicyFileError} */
export function loadParts(parts: ReadonlyMap<string, PolicyPart>, log: ServerLog): PolicyImage {
  const loaded = new Map<string, LoadedPart>();
  for (const [key, part] of parts) {
    const one = loadSettled(part);
    logPart(part, one, log);
    loaded.set(key, one);
  }
  return loaded;
}

function loadSettled(part: PolicyPart): LoadedPart {
  for (let tries = 1; ; tries++) {
    try {
      return loadPart(part);
    } catch (error) {
      if (!(error instanceof FileInMotionError) || tries === TRIES) throw error;
    }
  }
}

/** Reads the files of a part. @throws {PolicyFileError}, {FileInMotionError} when one of them changed meanwhile */
export function loadPart(part: PolicyPart): LoadedPart {
  const reader = new PolicyReader();
  try {
    const image = imageOf(part, reader);
    return { image, files: reader.stamps() };
  } catch (error) {
    // Half of a file may be no zone; what is wrong with it then is not worth saying.
    if (error instanceof PolicyFileError) reader.stamps();
    throw error;
  }
}

function imageOf(part: PolicyPart, reader: PolicyReader): LoadedPart['image'] {
  switch (part.kind) {
    case 'list':
      return readList(part.list, reader);
    case 'hosts':
      return { kind: 'hosts', ...readHosts(piecesOfAll(part.paths, reader)) };
    case 'zone':
      return { kind: 'zone', ...packZone(readLocalZone(part.path, reader)) };
    default:
      return assertNever(part);
  }
}

function readList(
  { path, format, action }: Config['policy']['lists'][number],
  reader: PolicyReader,
): BlockListImage | RpzImage {
  if (format !== 'rpz') {
    return readBlockList(path, reader.pieces(path), format, action, stampOf(path)?.sizeOctets);
  }
  const zone = new RpzReader();
  const { problems } = parseZoneFile(path, {
    origin: RPZ_ORIGIN,
    readFile: (at) => reader.octets(at),
    onRecord: zone.take,
  });
  const errors = problems.filter((problem) => problem.severity === 'error');
  if (!zone.hasApex) {
    throw new PolicyFileError(`${path}: ${errors[0] ? formatZoneError(errors[0]) : 'it has no SOA'}`);
  }
  return zone.image(
    path,
    errors.map(({ line, message }) => ({ line, why: message })),
  );
}

function* piecesOfAll(paths: readonly string[], reader: PolicyReader): Generator<string> {
  for (const path of paths) {
    yield* reader.pieces(path);
    yield '\n';
  }
}

function readLocalZone(path: string, reader: PolicyReader): Zone {
  const { zone, problems } = loadZoneFile(path, { readFile: (at) => reader.octets(at) });
  if (!zone) throw new PolicyFileError(problems.map(formatZoneError).join('\n'));
  return zone;
}

/** Says what was loaded. */
export function logPart(part: PolicyPart, { image }: LoadedPart, log: ServerLog): void {
  if (part.kind === 'list' && image.kind !== 'zone' && image.kind !== 'hosts') {
    const { rules, bad, firstBad } = openList(image);
    const said = { list: part.list.path, rules, badLines: bad, ...(bad > 0 ? { firstBad } : {}) };
    log.info(said, 'a list was loaded');
  } else if (image.kind === 'hosts') {
    log.info({ names: image.names.size, badLines: image.bad }, 'hosts files were loaded');
  }
}

/** Rules of what was loaded for this configuration. */
export function openPolicy({ policy, views }: PolicyConfig, image: PolicyImage): LoadedPolicy {
  const opener = new Opener(image);
  const everybody = opener.rules(policy);
  const made = views.map((view, i): View => {
    const rules = opener.rules(view.policy);
    return { ...rules, name: view.name, index: i + 1, clients: new NetworkSet(view.clients) };
  });
  return { everybody, views: made.length > 0 ? made : undefined };
}

class Opener {
  private readonly opened = new Map<string, PolicyList | HostsTable | Zone>();

  constructor(private readonly image: PolicyImage) {}

  rules(policy: Config['policy']): LocalRules {
    const parts = partsIn(policy);
    const lists = parts.lists.map((part) => this.open(part) as PolicyList);
    const hosts = parts.hosts && (this.open(parts.hosts) as HostsTable);
    const zones = parts.zones.map((part) => this.open(part) as Zone);
    const guarded = policy.rebindingProtection;
    const any = lists.length > 0 || hosts !== undefined || guarded;
    const rebindingAllowed = guarded ? policy.rebindingAllowed : undefined;
    return {
      policy: any ? new Policy({ lists, hosts, rebindingAllowed }) : undefined,
      localData: zones.length > 0 ? localDataOf(zones) : undefined,
      serves: (name) => zones.some((zone) => isSubdomain(name, zone.apex)),
    };
  }

  private open(part: PolicyPart): PolicyList | HostsTable | Zone {
    const key = keyOf(part);
    const known = this.opened.get(key);
    if (known) return known;
    const made = openImage(this.image.get(key)!.image);
    this.opened.set(key, made);
    return made;
  }
}

function openImage(image: LoadedPart['image']): PolicyList | HostsTable | Zone {
  if (image.kind === 'hosts') return new HostsTable(image);
  return image.kind === 'zone' ? openZone(image satisfies ZoneImage) : openList(image);
}

function openList(image: BlockListImage | RpzImage): PolicyList {
  return image.kind === 'rpz' ? new ResponsePolicyZone(image) : new BlockList(image);
}

function localDataOf(zones: readonly Zone[]): NonNullable<LocalRules['localData']> {
  const set = new ZoneSet(zones);
  return (question, dnssecOk) => {
    if (!zones.some((zone) => isSubdomain(question.name, zone.apex))) return undefined;
    const found = lookup(set, question, { do: dnssecOk });
    // What the zone delegates is not ours: the resolver asks those servers.
    return found.aa ? { rcode: found.rcode, answer: found.answer, authority: found.authority } : undefined;
  };
}
