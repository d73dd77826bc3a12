/**
 * A mock internet from code, for tests and for the library's users: zones as texts, no files, no sockets.
 *
 * Addresses may be any, since nothing is bound.
 */
import { parseName } from '../dns/name.js';
import { loadZoneText } from '../zone/build.js';
import { formatZoneError } from '../zone/zone-error.js';
import { Internet, type InternetServer } from './internet.js';
import { InternetError } from './internet-error.js';
import { type FaultFields, parseFaults } from './manifest.js';
import type { ZoneSource } from './zone-file.js';

export interface ZoneText {
  /** A master file. */
  readonly text: string;
  /** Ends relative names; default: the owner of the first record. */
  readonly origin?: string;
}

export interface BuiltServer {
  /** Unique; default: `name`. */
  readonly id?: string;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly zones?: readonly (ZoneText | string)[];
  /** As in the manifest. */
  readonly faults?: FaultFields;
  /** Makes it a root hint. Default: whether it has the root zone. */
  readonly root?: boolean;
}

export class InternetBuilder {
  private readonly servers: InternetServer[] = [];
  private readonly rootIds: string[] = [];
  /** Equal texts are one zone, so that replacing it changes every server. */
  private readonly sources = new Map<string, ZoneSource>();

  /**
   * @throws {InternetError} when a zone does not load, with all that is wrong with it
   */
  addServer(server: BuiltServer): this {
    const id = server.id ?? server.name;
    const sources = (server.zones ?? []).map((zone, i) => this.source(zone, `${id} zone ${i + 1}`));
    const isRoot = server.root ?? sources.some((source) => source.zone.apex.length === 1);
    if (isRoot) this.rootIds.push(id);
    const faults = parseFaults(server.faults ?? {});
    this.servers.push({ id, name: parseName(server.name), addresses: server.addresses, faults, sources });
    return this;
  }

  /** @param port what endpoints should name; no socket is opened */
  build(port = 53): Internet {
    return new Internet(port, this.servers, this.rootIds);
  }

  private source(zone: ZoneText | string, file: string): ZoneSource {
    const { text, origin } = typeof zone === 'string' ? { text: zone, origin: undefined } : zone;
    const key = `${origin ?? ''}\n${text}`;
    const known = this.sources.get(key);
    if (known) return known;
    const loaded = loadZoneText(text, {
      file,
      ...(origin === undefined ? {} : { origin: parseName(origin) }),
    });
    if (!loaded.zone) throw new InternetError('BAD_ZONE', loaded.problems.map(formatZoneError).join('\n'));
    const source: ZoneSource = { path: undefined, zone: loaded.zone, stamps: new Map() };
    this.sources.set(key, source);
    return source;
  }
}
