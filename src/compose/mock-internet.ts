/**
 * The mock internet of a directory, loaded, on its sockets, and followed for edits.
 */
import type { Internet } from '../authority/internet.js';
import { type InternetProblem, loadInternet } from '../authority/load.js';
import type { Serving } from '../authority/serve.js';
import type { TrustAnchor } from '../config/trust-anchor.js';
import { isSubdomain, type Name, ROOT } from '../dns/name.js';
import type { RootHint } from '../resolver/asked-zone.js';
import type { Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import type { ServerLog } from '../server/log.js';

/** What the mock internet changes: its own root, its port, and that loopback addresses may be asked. */
export interface MockRoot {
  readonly rootHints: readonly RootHint[];
  readonly port: number;
  /** Where trust in its signed zones starts; empty while none is signed. */
  readonly trustAnchors: readonly TrustAnchor[];
}

/** Zone files or the manifest cannot be served; `problems` says where and why. */
export class ZonesError extends Error {
  readonly code = 'ZONES_INVALID';

  constructor(readonly problems: readonly InternetProblem[]) {
    const errors = problems.filter((p) => p.severity === 'error').length;
    super(`the mock internet cannot be served: ${errors} error${errors === 1 ? '' : 's'} in its files`);
    this.name = 'ZonesError';
  }
}

/** For log lines. */
export interface MockSummary {
  readonly zones: number;
  readonly servers: number;
  readonly port: number;
}

export class MockInternet {
  private stopWatching: () => void = () => {};

  private constructor(
    private readonly internet: Internet,
    private readonly serving: Serving,
  ) {}

  /**
   * Loads `dir` and opens the sockets of its servers.
   * @param port in place of the manifest's; 0 takes a free one
   * @throws {ZonesError} for what is wrong in files, {InternetError} for what cannot be bound
   */
  static async open(
    dir: string,
    clock: Clock,
    random: Random,
    log: ServerLog,
    port?: number,
  ): Promise<MockInternet> {
    const { internet, problems } = loadInternet(dir, { port });
    if (!internet) throw new ZonesError(problems);
    const serving = await internet.serve(clock, random, (level, message) => log[level]({}, message));
    return new MockInternet(internet, serving);
  }

  get root(): MockRoot {
    const { rootHints, trustAnchors } = this.internet;
    return { rootHints, port: this.serving.port, trustAnchors };
  }

  get summary(): MockSummary {
    const { zones, servers } = this.internet;
    return { zones: zones.length, servers: servers.length, port: this.serving.port };
  }

  /** Apexes of all its zones as served now. */
  get apexes(): readonly Name[] {
    return this.internet.zones.map((zone) => zone.apex);
  }

  /** True for names below a zone of the mock internet other than its root. */
  serves(name: Name): boolean {
    return servedBelow(this.apexes, name);
  }

  /** Calls `onChange` with the names to forget in the same step in which an edited zone is served anew. */
  watch(
    clock: Clock,
    log: ServerLog,
    onChange: (apexes: readonly Name[], names: readonly Name[]) => void,
  ): void {
    this.stopWatching = this.internet.watch(clock, onChange, (level, message) => log[level]({}, message));
  }

  async close(): Promise<void> {
    this.stopWatching();
    await this.serving.close();
  }
}

/** True for names at or below one of the apexes; the root's does not count. */
export function servedBelow(apexes: readonly Name[], name: Name): boolean {
  return apexes.some((apex) => apex !== ROOT && isSubdomain(name, apex));
}
