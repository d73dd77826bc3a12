/**
 * The operator's policy from files: lists, RPZ, hosts and local zones, read at start and again when a file
 * changes.
 *
 * A list with bad lines loads the good ones and says how many were bad; a file that cannot be read, or a
 * zone with errors, stops the start but never a running program, which goes on with what it had.
 */
import { readFileSync, statSync } from 'node:fs';
import { lookup } from '../authority/lookup.js';
import { ZoneSet } from '../authority/zone-set.js';
import type { Config } from '../config/fields.js';
import { formatName, isSubdomain, type Name } from '../dns/name.js';
import type { Outcome } from '../dns/outcome.js';
import { Ede, RRType } from '../dns/registry.js';
import type { Question } from '../dns/rrset.js';
import { HostsTable } from '../policy/hosts.js';
import { Policy } from '../policy/policy.js';
import { blockList, type PolicyList, responsePolicyZone } from '../policy/rules.js';
import type { CancelTimer, Clock } from '../runtime/clock.js';
import type { TraceSink } from '../runtime/trace.js';
import type { ServerLog } from '../server/log.js';
import type { LocalData } from '../server/settings.js';
import { loadZoneFile } from '../zone/build.js';
import { parseZoneFile } from '../zone/parse.js';
import type { Zone } from '../zone/zone.js';
import { formatZoneError } from '../zone/zone-error.js';

/** A file of the policy that cannot be used; the message says which and why. */
export class PolicyFileError extends Error {
  readonly code = 'POLICY_FILE';
  override readonly name = 'PolicyFileError';
}

const LOOK_EVERY_MS = 2000;

export interface LoadedPolicy {
  readonly policy: Policy | undefined;
  readonly localData: ((question: Question, dnssecOk: boolean) => LocalData | undefined) | undefined;
  /** True for names of local zones, before which special-use answers stand back. */
  serves(name: Name): boolean;
}

export class PolicyFiles {
  private current: LoadedPolicy;
  private stamps: string;
  private cancel: CancelTimer = () => {};

  /** @throws {PolicyFileError} */
  constructor(
    private readonly config: Config,
    private readonly clock: Clock,
    private readonly log: ServerLog,
  ) {
    this.stamps = this.stampOf();
    this.current = loadPolicy(config, log);
  }

  /** Changes with every change of the files. */
  get stamp(): string {
    return this.stamps;
  }

  get loaded(): LoadedPolicy {
    return this.current;
  }

  /** What the lists say of a traced question: an event, and a failure when they block it. */
  traceDecision(question: Question, sink: TraceSink): Outcome | undefined {
    const decision = this.current.policy?.decide(question);
    if (!decision) return undefined;
    const rule = `${decision.list}: ${formatName(decision.rule)}`;
    const action = decision.kind === 'block' ? decision.action : decision.kind;
    sink.emit({ kind: 'policy', rule, action, atMs: 0, span: 0 });
    if (decision.kind !== 'block') return undefined;
    return { kind: 'failure', reason: 'policy', ede: [{ code: Ede.BLOCKED, text: rule }] };
  }

  /** Looks at the files from time to time; `onChange` is called after a change has been taken over. */
  watch(onChange: () => void): void {
    if (filesOf(this.config).length === 0) return;
    this.cancel = this.clock.after(LOOK_EVERY_MS, () => {
      if (this.reload()) onChange();
      this.watch(onChange);
    });
  }

  stop(): void {
    this.cancel();
  }

  private reload(): boolean {
    const stamps = this.stampOf();
    if (stamps === this.stamps) return false;
    this.stamps = stamps;
    try {
      this.current = loadPolicy(this.config, this.log);
      return true;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.log.error({ why }, 'a changed policy file cannot be used; what was loaded before stays');
      return false;
    }
  }

  private stampOf(): string {
    return filesOf(this.config)
      .map((file) => {
        const stat = statSync(file, { throwIfNoEntry: false });
        return stat ? `${file} ${stat.mtimeMs} ${stat.size}` : `${file} -`;
      })
      .join('\n');
  }
}

function filesOf({ policy }: Config): string[] {
  return [...policy.lists.map((list) => list.path), ...policy.hosts, ...policy.localZones];
}

/** @throws {PolicyFileError} */
export function loadPolicy({ policy }: Config, log: ServerLog): LoadedPolicy {
  const lists = policy.lists.map((list) => {
    const loaded = loadList(list);
    const { rules, bad, firstBad } = loaded;
    log.info(
      { list: list.path, rules, badLines: bad, ...(bad > 0 ? { firstBad } : {}) },
      'a list was loaded',
    );
    return loaded;
  });
  const hosts = policy.hosts.length > 0 ? new HostsTable(policy.hosts.map(readText).join('\n')) : undefined;
  if (hosts) log.info({ names: hosts.size, badLines: hosts.bad.length }, 'hosts files were loaded');
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

function loadList({ path, format, action }: Config['policy']['lists'][number]): PolicyList {
  if (format !== 'rpz') return blockList(path, readText(path), format, action);
  const { records, problems } = parseZoneFile(path);
  const soa = records.find((record) => record.type === RRType.SOA);
  const unreadable = problems.find((problem) => problem.severity === 'error');
  if (!soa)
    throw new PolicyFileError(`${path}: ${unreadable ? formatZoneError(unreadable) : 'it has no SOA'}`);
  return responsePolicyZone(path, soa.name, records);
}

function loadLocalZone(path: string): Zone {
  const { zone, problems } = loadZoneFile(path);
  if (!zone) throw new PolicyFileError(problems.map(formatZoneError).join('\n'));
  return zone;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new PolicyFileError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function localDataOf(zones: readonly Zone[]): NonNullable<LoadedPolicy['localData']> {
  const set = new ZoneSet(zones);
  return (question, dnssecOk) => {
    if (!zones.some((zone) => isSubdomain(question.name, zone.apex))) return undefined;
    const found = lookup(set, question, { do: dnssecOk });
    // What the zone delegates is not ours: the resolver asks those servers.
    return found.aa ? { rcode: found.rcode, answer: found.answer, authority: found.authority } : undefined;
  };
}
