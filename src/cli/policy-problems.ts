/**
 * Which files of the policy cannot be used, each with the place in the configuration that names it.
 *
 * Loading stops at the first bad file and knows nothing of the configuration's text. So once it has failed, each file is
 * loaded alone. Limitations: what was mended in between is not said.
 */
import { type LoadedPolicy, loadPolicy, PolicyFileError } from '../compose/policy/load.js';
import type { Config } from '../config/fields.js';
import { placesIn } from '../config/load.js';
import { ConfigError, type ConfigProblem, formatKeyPath } from '../config/problems.js';
import { silentLog } from '../server/log.js';

type Policy = Config['policy'];
type Path = readonly PropertyKey[];

const nothing: Policy = {
  lists: [],
  hosts: [],
  localZones: [],
  rebindingProtection: false,
  rebindingAllowed: [],
};

/** Does work that reads the files. @throws {ConfigError} in the place of a {@link PolicyFileError} */
export async function namingPolicyFiles<T>(
  { file, config }: { readonly file: string | undefined; readonly config: Config },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof PolicyFileError ? named(error, file, config) : error;
  }
}

/** Reads every file of the policy. @throws {ConfigError} with all that cannot be used */
export function tryPolicy(file: string | undefined, config: Config): LoadedPolicy {
  try {
    return loadPolicy(config, silentLog);
  } catch (error) {
    throw error instanceof PolicyFileError ? named(error, file, config) : error;
  }
}

/**
 * What a running server could not load, with the places in the configuration that name it; nothing is read again, since
 * that may take long.
 */
export function namingFaults(file: string | undefined, config: Config, error: PolicyFileError): Error {
  if (file === undefined) return error;
  const place = placesIn(file);
  const problems = filesAlone(config).flatMap(({ at, policy }) => {
    const [path] = [...policy.lists.map((list) => list.path), ...policy.hosts, ...policy.localZones];
    return error.faults
      .filter(
        ({ paths, message }) =>
          paths.includes(path!) && (paths.length === 1 || message.startsWith(`${path}: `)),
      )
      .flatMap(({ message }) => message.split('\n'))
      .map((message) => problemAt(at, file, message, place(at)));
  });
  return problems.length > 0 ? new ConfigError('CONFIG_INVALID', problems) : error;
}

function problemAt(at: Path, source: string, message: string, place: object | undefined): ConfigProblem {
  return { keyPath: formatKeyPath(at), source, message, ...place };
}

/** The error as it is, where no file on its own is to blame or no configuration names it. */
function named(error: PolicyFileError, file: string | undefined, config: Config): Error {
  if (file === undefined) return error;
  const place = placesIn(file);
  const problems = filesAlone(config).flatMap(({ at, policy }) =>
    faultsOf(policy).map((message) => problemAt(at, file, message, place(at))),
  );
  return problems.length > 0 ? new ConfigError('CONFIG_INVALID', problems) : error;
}

function filesAlone({ policy, views }: Config): { at: Path; policy: Policy }[] {
  const sections: [Path, Policy][] = [
    [['policy'], policy],
    ...views.map((view, i): [Path, Policy] => [['views', i, 'policy'], view.policy]),
  ];
  return sections.flatMap(([above, { lists, hosts, localZones }]) => [
    ...lists.map((list, i) => ({
      at: [...above, 'lists', i, 'path'],
      policy: { ...nothing, lists: [list] },
    })),
    ...hosts.map((path, i) => ({ at: [...above, 'hosts', i], policy: { ...nothing, hosts: [path] } })),
    ...localZones.map((path, i) => ({
      at: [...above, 'localZones', i],
      policy: { ...nothing, localZones: [path] },
    })),
  ]);
}

function faultsOf(policy: Policy): string[] {
  try {
    loadPolicy({ policy, views: [] }, silentLog);
    return [];
  } catch (error) {
    if (error instanceof PolicyFileError) return error.message.split('\n');
    throw error;
  }
}
