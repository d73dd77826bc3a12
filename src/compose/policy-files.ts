/**
 * The operator's policy from files: lists, RPZ, hosts and local zones, read at start and again when a file
 * changes.
 *
 * A list with bad lines loads the good ones and says how many were bad; a file that cannot be read, or a
 * zone with errors, stops the start but never a running program, which goes on with what it had. A changed list is
 * loaded in slices with queries answered in between, by the old policy until the new one is whole.
 * Limitations: master files (RPZ, local zones) are parsed in one go.
 */
import { readFileSync, statSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { lookup } from '../authority/lookup.js';
import { ZoneSet } from '../authority/zone-set.js';
import type { Config } from '../config/fields.js';
import { formatName, isSubdomain, type Name, parseName } from '../dns/name.js';
import type { Outcome } from '../dns/outcome.js';
import { Ede, Rcode, RRType } from '../dns/registry.js';
import type { Question } from '../dns/rrset.js';
import { HostsTable } from '../policy/hosts.js';
import { Policy } from '../policy/policy.js';
import { blockListSteps, finishSteps, type PolicyList, responsePolicyZone } from '../policy/rules.js';
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

/** Of an RPZ file that names none: its rules are relative, so that any will do. */
const RPZ_ORIGIN = parseName('rpz.');
const LOOK_EVERY_MS = 2000;
/** How long a load may keep queries waiting. */
const SLICE_MS = 10;

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
  private stopped = false;

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

  /** What is said here of a traced question: an event, and what the walk is replaced by unless it goes on. */
  traceDecision(question: Question, sink: TraceSink): Outcome | undefined {
    const { policy, localData } = this.current;
    const decision = policy?.decide(question);
    if (decision) {
      const rule = `${decision.list}: ${formatName(decision.rule)}`;
      const action = decision.kind === 'block' ? decision.action : decision.kind;
      sink.emit({ kind: 'policy', rule, action, atMs: 0, span: 0 });
      if (decision.kind === 'block') {
        return { kind: 'failure', reason: 'policy', ede: [{ code: Ede.BLOCKED, text: rule }] };
      }
      if (decision.kind === 'data') return localOutcome(question, { rcode: 0, answer: decision.rrsets });
    }
    const local = localData?.(question, false);
    if (!local) return undefined;
    sink.emit({ kind: 'policy', rule: 'local zone', action: 'data', atMs: 0, span: 0 });
    return localOutcome(question, local);
  }

  /** Looks at the files from time to time; `onChange` is called after a change has been taken over. */
  watch(onChange: () => void): void {
    if (filesOf(this.config).length === 0) return;
    this.cancel = this.clock.after(LOOK_EVERY_MS, () => void this.look(onChange));
  }

  stop(): void {
    this.stopped = true;
    this.cancel();
  }

  private async look(onChange: () => void): Promise<void> {
    const changed = await this.reload();
    if (this.stopped) return;
    if (changed) onChange();
    this.watch(onChange);
  }

  private async reload(): Promise<boolean> {
    const stamps = this.stampOf();
    if (stamps === this.stamps) return false;
    this.stamps = stamps;
    try {
      const loaded = await this.inSlices(loadSteps(this.config, this.log));
      if (loaded) this.current = loaded;
      return loaded !== undefined;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.log.error({ why }, 'a changed policy file cannot be used; what was loaded before stays');
      return false;
    }
  }

  /** Undefined when stopped on the way. */
  private async inSlices<T>(steps: Generator<void, T>): Promise<T | undefined> {
    for (let until = this.clock.monotonicMs() + SLICE_MS; !this.stopped; ) {
      const step = steps.next();
      if (step.done) return step.value;
      if (this.clock.monotonicMs() < until) continue;
      await nextTurn();
      until = this.clock.monotonicMs() + SLICE_MS;
    }
    return undefined;
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
export function loadPolicy(config: Config, log: ServerLog): LoadedPolicy {
  return finishSteps(loadSteps(config, log));
}

function* loadSteps({ policy }: Config, log: ServerLog): Generator<void, LoadedPolicy> {
  const lists: PolicyList[] = [];
  for (const list of policy.lists) {
    const loaded = yield* loadList(list);
    const { rules, bad, firstBad } = loaded;
    log.info(
      { list: list.path, rules, badLines: bad, ...(bad > 0 ? { firstBad } : {}) },
      'a list was loaded',
    );
    lists.push(loaded);
  }
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

function* loadList({ path, format, action }: Config['policy']['lists'][number]): Generator<void, PolicyList> {
  if (format !== 'rpz') return yield* blockListSteps(path, readText(path), format, action);
  const { records, problems } = parseZoneFile(path, { origin: RPZ_ORIGIN });
  const soa = records.find((record) => record.type === RRType.SOA);
  const errors = problems.filter((problem) => problem.severity === 'error');
  if (!soa) {
    throw new PolicyFileError(`${path}: ${errors[0] ? formatZoneError(errors[0]) : 'it has no SOA'}`);
  }
  const unreadable = errors.map(({ line, message }) => ({ line, why: message }));
  return responsePolicyZone(path, soa.name, records, unreadable);
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

/** Local data as the outcome of a walk that was not needed. */
function localOutcome({ type }: Question, { rcode, answer }: Pick<LocalData, 'rcode' | 'answer'>): Outcome {
  const common = { proof: [], security: 'insecure' } as const;
  const aliases = type === RRType.CNAME ? [] : answer.filter((rrset) => rrset.type === RRType.CNAME);
  const rrsets = answer.filter((rrset) => rrset.type === type);
  if (rrsets.length > 0) return { kind: 'answer', rrsets, aliases, ...common };
  const kind = rcode === Rcode.NXDOMAIN ? 'nxdomain' : 'nodata';
  return { kind, soa: undefined, aliases, ...common };
}
