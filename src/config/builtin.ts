/**
 * What `builtin` stands for: root servers, root trust anchors, addresses that are never asked.
 *
 * All of it is public data of IANA. Options that read `builtin` yield these very objects, so that a caller
 * can tell by identity whether the operator chose something else.
 * RFC 8109 (priming), RFC 7958 and RFC 9718 (anchors), RFC 6890 (special-purpose addresses).
 * Limitations: root server addresses change every few years; priming corrects a stale one.
 */
import { type Name, parseName } from '../dns/name.js';
import { type Network, parseNetwork } from '../runtime/networks.js';
import { parseTrustAnchor, type TrustAnchor } from './trust-anchor.js';

/** A root server by name, with the addresses to try first. */
export interface RootHint {
  readonly name: Name;
  readonly addresses: readonly string[];
}

const rootServers: readonly (readonly [letter: string, ipv4: string, ipv6: string])[] = [
  ['a', '198.41.0.4', '2001:503:ba3e::2:30'],
  ['b', '170.247.170.2', '2801:1b8:10::b'],
  ['c', '192.33.4.12', '2001:500:2::c'],
  ['d', '199.7.91.13', '2001:500:2d::d'],
  ['e', '192.203.230.10', '2001:500:a8::e'],
  ['f', '192.5.5.241', '2001:500:2f::f'],
  ['g', '192.112.36.4', '2001:500:12::d0d'],
  ['h', '198.97.190.53', '2001:500:1::53'],
  ['i', '192.36.148.17', '2001:7fe::53'],
  ['j', '192.58.128.30', '2001:503:c27::2:30'],
  ['k', '193.0.14.129', '2001:7fd::1'],
  ['l', '199.7.83.42', '2001:500:9f::42'],
  ['m', '202.12.27.33', '2001:dc3::35'],
];

/** The 13 root servers. */
export const builtinRootHints: readonly RootHint[] = rootServers.map(([letter, ipv4, ipv6]) => ({
  name: parseName(`${letter}.root-servers.net.`),
  addresses: [ipv4, ipv6],
}));

/** KSK-2017 (tag 20326) and KSK-2024 (tag 38696) of the root. */
export const builtinTrustAnchors: readonly TrustAnchor[] = [
  '. DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D',
  '. DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16',
].map(parseTrustAnchor);

/**
 * Where no name server can be, or where asking would hit ourselves (glue of 127.0.0.1 and the like).
 * Private and documentation networks stay allowed: split-horizon zones and laboratories live there.
 */
export const builtinDoNotQuery: readonly Network[] = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '240.0.0.0/4', // with 255.255.255.255
  '::/128',
  '::1/128',
  '::ffff:0:0/96',
  'fe80::/10',
  'ff00::/8',
].map(parseNetwork);
