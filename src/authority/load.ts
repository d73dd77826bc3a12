/**
 * A mock internet from a directory: the manifest and the zones it names.
 *
 * Every problem of every file is collected, so that `check` lists them all. Warnings do not keep it from
 * being served.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { formatName, type Name, ROOT } from '../dns/name.js';
import { type Place, type ZoneError, zoneError } from '../zone/zone-error.js';
import { Internet, type InternetServer } from './internet.js';
import { type Manifest, type ManifestProblem, type ManifestServer, parseManifest } from './manifest.js';
import type { ZoneSource } from './zone-file.js';
import { fileStamp, readZoneFile } from './zone-file.js';
import { KeyFiles, ZoneSigner } from './zone-signer.js';

export const MANIFEST_FILE = 'internet.yaml';

export type InternetProblem = ZoneError | ManifestProblem;

export interface LoadedInternet {
  /** Undefined when any problem is an error. */
  readonly internet: Internet | undefined;
  readonly problems: readonly InternetProblem[];
}

export interface LoadOptions {
  /** In place of the manifest's; 0 lets `serve` find a free one. */
  readonly port?: number;
}

/** Reads `internet.yaml` and the zones of `dir`. Never throws for what is in them. */
export function loadInternet(dir: string, options: LoadOptions = {}): LoadedInternet {
  const file = join(dir, MANIFEST_FILE);
  const stamp = fileStamp(file);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `cannot read the manifest: ${reason}`;
    const place = { file, line: 1, column: 1 };
    const problem: ManifestProblem = { code: 'MANIFEST_UNREADABLE', severity: 'error', ...place, message };
    return { internet: undefined, problems: [problem] };
  }
  const { manifest, problems } = parseManifest(text, file);
  if (!manifest) return { internet: undefined, problems };
  const loaded = loadZones(manifest, dir, options);
  if (loaded.internet) loaded.internet.readOnce = new Map([[file, stamp]]);
  return loaded;
}

function loadZones(manifest: Manifest, dir: string, options: LoadOptions): LoadedInternet {
  const loader = new ZoneLoader(dir, manifest.signing);
  const servers = manifest.servers.map((server) => loader.server(server));
  const problems = loader.problems;
  servers.forEach((server, i) => {
    const isRoot = manifest.rootServers.includes(server.id);
    const hasRoot = server.sources.some((source) => source.zone.apex === ROOT);
    if (isRoot && !hasRoot && !loader.failed) problems.push(rootWithoutZone(manifest.servers[i]!));
  });
  if (problems.some((problem) => problem.severity === 'error')) return { internet: undefined, problems };
  return { internet: new Internet(options.port ?? manifest.port, servers, manifest.rootServers), problems };
}

/** Reads each zone file once, however many servers have it. */
class ZoneLoader {
  readonly problems: InternetProblem[] = [];
  private readonly loaded = new Map<string, ZoneSource | undefined>();
  private readonly keys: KeyFiles;

  constructor(
    private readonly dir: string,
    private readonly signing: Manifest['signing'],
  ) {
    this.keys = new KeyFiles(dir);
  }

  /** True when a zone file did not load, so that what is missing may be in it. */
  get failed(): boolean {
    return [...this.loaded.values()].includes(undefined);
  }

  server(server: ManifestServer): InternetServer {
    const sources: ZoneSource[] = [];
    for (const { path, place } of server.zoneFiles) {
      const source = this.zone(path, place);
      if (!source) continue;
      const twin = sources.find((other) => other.zone.apex === source.zone.apex);
      if (twin) this.problems.push(duplicateZone(server.id, source, place));
      else sources.push(source);
    }
    const { id, name, addresses, faults } = server;
    return { id, name, addresses, faults, sources };
  }

  private zone(path: string, place: Place): ZoneSource | undefined {
    const full = resolve(this.dir, path);
    if (this.loaded.has(full)) return this.loaded.get(full);
    const { zone, problems, stamps } = readZoneFile(join(this.dir, path));
    const signer = this.signer(path, zone?.apex);
    const source = zone ? { path: join(this.dir, path), zone, signer, stamps } : undefined;
    this.loaded.set(full, source);
    // A file that is not there is the manifest's mistake, so it is reported where its name stands.
    for (const problem of problems) {
      const missing = problem.code === 'FILE_UNREADABLE' && problem.file === join(this.dir, path);
      this.problems.push(missing ? { ...problem, ...place } : problem);
    }
    return source;
  }

  private signer(path: string, apex: Name | undefined): ZoneSigner | undefined {
    const plan = this.signing.get(path);
    if (!plan) return undefined;
    try {
      const signer = ZoneSigner.open(plan, this.keys);
      if (apex === undefined || signer.canSign(apex)) return signer;
      throw new Error('the name of the zone is too long for NSEC3');
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.problems.push({ code: 'MANIFEST_REFERENCE', severity: 'error', ...plan.place, message });
      return undefined;
    }
  }
}

function rootWithoutZone(server: ManifestServer): ManifestProblem {
  const message = `${server.id} is in rootServers and does not have the root zone`;
  return { code: 'MANIFEST_REFERENCE', severity: 'error', ...server.place, message };
}

function duplicateZone(serverId: string, source: ZoneSource, place: Place): ZoneError {
  const apex = formatName(source.zone.apex);
  return zoneError('DUPLICATE_ZONE', place, `server ${serverId} has the zone ${apex} twice`);
}
