/**
 * From files to what the operator answers by himself: lists, RPZ, hosts and local zones, for everybody and for each view.
 *
 * A list with bad lines loads the good ones and says how many were bad; a file that cannot be read, or a zone with
 * errors, is an error. It runs in steps, between which a program that serves may answer; a list that several views have
 * is loaded once. Limitations: master files (RPZ, local zones) and hosts files are each parsed in one go.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { lookup } from '../authority/lookup.js';
import { ZoneSet } from '../authority/zone-set.js';
import type { Config } from '../config/fields.js';
import { isSubdomain, parseName } from '../dns/name.js';
import { RRType } from '../dns/registry.js';
import { HostsTable } from '../policy/hosts.js';
import { Policy } from '../policy/policy.js';
import { ResponsePolicyZone } from '../policy/rpz.js';
import { blockListSteps, finishSteps, type PolicyList } from '../policy/rules.js';
import { NetworkSet } from '../runtime/networks.js';
import type { ServerLog } from '../server/log.js';
import type { LocalRules, View } from '../server/settings.js';
import { loadZoneFile } from '../zone/build.js';
import { parseZoneFile } from '../zone/parse.js';
import type { Zone } from '../zone/zone.js';
import { formatZoneError } from '../zone/zone-error.js';

/** A file of the policy that cannot be used; the message says which and why. */
export class PolicyFileError extends Error {
  readonly code = 'POLICY_FILE';
  override readonly name = 'PolicyFileError';
}

/** Of an RPZ file that names none: its rules are relative, so that any will do. */
const RPZ_ORIGIN = parseName('rpz.');

export type PolicyConfig = Pick<Config, 'policy' | 'views'>;

export interface LoadedPolicy {
  readonly everybody: LocalRules;
  /** Undefined: there are none. */
  readonly views: readonly View[] | undefined;
}

/** Every file that is read. */
export function filesOf({ policy, views }: PolicyConfig): string[] {
  const all = [policy, ...views.map((view) => view.policy)];
  const files = all.flatMap(({ lists, hosts, localZones }) => [
    ...lists.map((list) => list.path),
    ...hosts,
    ...localZones,
  ]);
  return [...new Set(files)];
}

/** @throws {PolicyFileError} from a step */
export function* loadSteps({ policy, views }: PolicyConfig, log: ServerLog): Generator<void, LoadedPolicy> {
  const loader = new Loader(log);
  const everybody = yield* loader.rules(policy);
  const made: View[] = [];
  for (const [i, view] of views.entries()) {
    const rules = yield* loader.rules(view.policy);
    made.push({ ...rules, name: view.name, index: i + 1, clients: new NetworkSet(view.clients) });
  }
  return { everybody, views: made.length > 0 ? made : undefined };
}

/** All of it at once. @throws {PolicyFileError} */
export function loadPolicy(config: PolicyConfig, log: ServerLog): LoadedPolicy {
  return finishSteps(loadSteps(config, log));
}

class Loader {
  private readonly lists = new Map<string, PolicyList>();

  constructor(private readonly log: ServerLog) {}

  *rules(policy: Config['policy']): Generator<void, LocalRules> {
    const lists: PolicyList[] = [];
    for (const list of policy.lists) lists.push(yield* this.list(list));
    const hosts = policy.hosts.length > 0 ? new HostsTable(policy.hosts.map(readText).join('\n')) : undefined;
    if (hosts) this.log.info({ names: hosts.size, badLines: hosts.bad.length }, 'hosts files were loaded');
    yield;
    const guarded = policy.rebindingProtection;
    const any = lists.length > 0 || hosts !== undefined || guarded;
    const rebindingAllowed = guarded ? policy.rebindingAllowed : undefined;
    const zones = policy.localZones.map(loadLocalZone);
    return {
      policy: any ? new Policy({ lists, hosts, rebindingAllowed }) : undefined,
      localData: zones.length > 0 ? localDataOf(zones) : undefined,
      serves: (name) => zones.some((zone) => isSubdomain(name, zone.apex)),
    };
  }

  private *list(list: Config['policy']['lists'][number]): Generator<void, PolicyList> {
    const key = JSON.stringify(list);
    const known = this.lists.get(key);
    if (known) return known;
    const loaded = yield* loadList(list);
    const { rules, bad, firstBad } = loaded;
    const said = { list: list.path, rules, badLines: bad, ...(bad > 0 ? { firstBad } : {}) };
    this.log.info(said, 'a list was loaded');
    this.lists.set(key, loaded);
    return loaded;
  }
}

function* loadList({ path, format, action }: Config['policy']['lists'][number]): Generator<void, PolicyList> {
  if (format !== 'rpz') return yield* blockListSteps(path, piecesOf(path), format, action, sizeOf(path));
  const { records, problems } = parseZoneFile(path, { origin: RPZ_ORIGIN });
  const soa = records.find((record) => record.type === RRType.SOA);
  const errors = problems.filter((problem) => problem.severity === 'error');
  if (!soa) {
    throw new PolicyFileError(`${path}: ${errors[0] ? formatZoneError(errors[0]) : 'it has no SOA'}`);
  }
  const unreadable = errors.map(({ line, message }) => ({ line, why: message }));
  return new ResponsePolicyZone(path, soa.name, records, unreadable);
}

function loadLocalZone(path: string): Zone {
  const { zone, problems } = loadZoneFile(path);
  if (!zone) throw new PolicyFileError(problems.map(formatZoneError).join('\n'));
  return zone;
}

function readText(path: string): string {
  return [...piecesOf(path)].join('');
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

const PIECE_OCTETS = 65_536;

/** A text file piece by piece, so that a long one keeps nobody waiting. @throws {PolicyFileError} on the way */
function* piecesOf(path: string): Generator<string> {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const decoder = new StringDecoder('utf8');
    const piece = Buffer.alloc(PIECE_OCTETS);
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) {
      yield decoder.write(piece.subarray(0, read));
    }
    yield decoder.end();
  } catch (error) {
    throw new PolicyFileError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
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
