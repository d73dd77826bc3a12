/**
 * Where an entry came from, packed into octets beside it: no objects to keep, none to count.
 *
 * A flag octet; the zone, as its offset in the owner name or whole; the server; then what the flags announce: the
 * server's name, the question. Strings carry their length in one octet: none is longer than a name.
 */
import type { Name, Octets } from '../../dns/name.js';
import type { Question } from '../../dns/rrset.js';
import type { UpstreamTransport } from '../../runtime/trace.js';

/** Where data came from. */
export interface Origin {
  /** Address of the server, or a word for what is no server: `hints`, `local`. */
  readonly server: string;
  readonly serverName?: Name;
  readonly transport: UpstreamTransport | 'none';
  /** Apex of the zone that the server was asked for. */
  readonly zone: Name;
  /** The question whose response brought it; left out when it asked for just this RRset. */
  readonly question?: Question;
}

const transports: readonly Origin['transport'][] = ['none', 'udp', 'tcp'];
const TRANSPORT = 3;
const HAS_SERVER_NAME = 4;
const HAS_QUESTION = 8;
/** The zone is the owner name or above it, as nearly always. */
const ZONE_IN_OWNER = 16;
const MAX_STRING_OCTETS = 255;

/** @param owner the owner name of the entry, which {@link unpackOrigin} will be given again */
export function packOrigin({ server, serverName, transport, zone, question }: Origin, owner: Name): Octets {
  const above = owner.endsWith(zone);
  const flags =
    transports.indexOf(transport) |
    (serverName === undefined ? 0 : HAS_SERVER_NAME) |
    (question === undefined ? 0 : HAS_QUESTION) |
    (above ? ZONE_IN_OWNER : 0);
  let packed = String.fromCharCode(flags);
  packed += above ? String.fromCharCode(owner.length - zone.length) : prefixed(zone);
  packed += prefixed(server.slice(0, MAX_STRING_OCTETS));
  if (serverName !== undefined) packed += prefixed(serverName);
  if (question === undefined) return packed;
  const { name, type, class: cls } = question;
  return packed + prefixed(name) + String.fromCharCode(type >> 8, type & 255, cls >> 8, cls & 255);
}

function prefixed(octets: Octets): Octets {
  return String.fromCharCode(octets.length) + octets;
}

/** Reads what {@link packOrigin} wrote for this owner name. */
export function unpackOrigin(packed: Octets, owner: Name): Origin {
  const flags = packed.charCodeAt(0);
  let at = 1;
  const string = () => {
    const start = at + 1;
    at = start + packed.charCodeAt(at);
    return packed.slice(start, at);
  };
  const zone = ((flags & ZONE_IN_OWNER) === 0 ? string() : owner.slice(packed.charCodeAt(at++))) as Name;
  const server = string();
  const serverName = (flags & HAS_SERVER_NAME) === 0 ? undefined : (string() as Name);
  const transport = transports[flags & TRANSPORT]!;
  if ((flags & HAS_QUESTION) === 0) return { server, serverName, transport, zone };
  const name = string() as Name;
  const [type, cls] = [u16(packed, at), u16(packed, at + 2)];
  return { server, serverName, transport, zone, question: { name, type, class: cls } };
}

function u16(octets: Octets, at: number): number {
  return (octets.charCodeAt(at) << 8) | octets.charCodeAt(at + 1);
}
