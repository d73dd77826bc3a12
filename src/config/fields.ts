/**
 * Every option, one row each: default, kind with its limits, what it does, where the RFC says so.
 *
 * The rows yield the check of the file (load.ts), the type `Config`, and the text of `--help`
 * (describe.ts). Adding an option is adding a row. A key is spelled as the operator writes it; `as` is the
 * property of `Config` where the unit must be in the name. Defaults are written as in a file and pass the
 * same check.
 */
import * as builtin from './builtin.js';
import * as kind from './kinds.js';
import { cacheRule, policyKinds, view } from './nested-kinds.js';
import { type ConfigOf, option, type Rows, section } from './rows.js';

const DAY_MS = 86_400_000;
const WEEK_SEC = 604_800;
const cacheSize = kind.size(64 * 1024, 8 * 1024 ** 3);

export const fields = {
  listen: option({
    kind: kind.list(kind.endpointOrText(), 1),
    default: [{ address: '127.0.0.1', port: 5300 }],
    doc: 'Addresses to answer on, UDP and TCP on each. Port 0 takes a free one.',
    rfc: '7766',
  }),
  workers: option({
    kind: kind.wordOr<number | 'auto'>('auto', 'auto', kind.integer(1, 256)),
    default: 'auto',
    doc: 'Threads that answer; auto is one for each core that the program may use, at most 16.',
  }),
  rootHints: option({
    kind: kind.wordOr(
      'builtin',
      builtin.builtinRootHints,
      kind.list(kind.record({ name: kind.domainName(), addresses: kind.list(kind.address(), 1) }), 1),
    ),
    default: 'builtin',
    doc: 'Root servers to start from, each { name, addresses }.',
    rfc: '8109',
  }),
  dnssec: section({
    mode: option({
      kind: kind.choice(['validate', 'off']),
      default: 'validate',
      doc: 'Whether signatures are checked.',
      rfc: '4035 s5',
    }),
    trustAnchors: option({
      kind: kind.wordOr('builtin', builtin.builtinTrustAnchors, kind.list(kind.trustAnchor())),
      default: 'builtin',
      doc: 'Keys believed without proof, as DS or DNSKEY lines; builtin is both keys of the root, which do not count where root hints of your own lead to an unsigned root; [] is none.',
      rfc: '4033 s2',
    }),
    negativeTrustAnchors: option({
      kind: kind.list(kind.domainName()),
      default: [],
      doc: 'Names at and below which nothing is validated.',
      rfc: '7646',
    }),
    negativeTrustAnchorLife: option({
      kind: kind.orNull(kind.duration('ms', 's', 60_000, 31 * DAY_MS)),
      as: 'negativeTrustAnchorLifeMs',
      default: null,
      doc: 'How long negative trust anchors hold after a start or reload; null is for ever.',
      rfc: '7646 s2',
    }),
    anchorState: option({
      kind: kind.orNull(kind.path()),
      default: null,
      doc: 'File that keeps trust anchors through their roll-overs; null trusts the configured ones only.',
      rfc: '5011',
    }),
    aggressive: option({
      kind: kind.boolean(),
      default: true,
      doc: 'Answer from validated NSEC spans without asking, and from NSEC3 spans of small zones without opt-out or iterations.',
      rfc: '8198',
    }),
    clockSkew: option({
      kind: kind.duration('ms', 's', 0, 7 * DAY_MS),
      as: 'clockSkewMs',
      default: '1h',
      doc: 'How far the clock of a signer may differ from ours.',
      rfc: '4035 s5.3.1',
    }),
    sha1: option({
      kind: kind.choice(['auto', 'validate', 'insecure']),
      default: 'auto',
      doc: 'Signatures and digests made with SHA-1; auto takes them as unsigned below the builtin anchors and validates them below anchors of your own.',
      rfc: '9905',
    }),
    overrideDate: option({
      kind: kind.orNull(kind.date()),
      as: 'overrideDateSec',
      default: null,
      doc: 'The date the validator takes for now, for old captures; null is the clock.',
    }),
  }),
  specialUse: option({
    kind: kind.boolean(),
    default: true,
    doc: 'Answer localhost, private reverse zones, onion and home.arpa names here; false walks them.',
    rfc: '6761, 6303, 7686, 8375',
  }),
  qnameMinimization: option({
    kind: kind.choice(['strict', 'relaxed', 'off']),
    default: 'relaxed',
    doc: 'Tell each server no more of the name than it needs; relaxed gives in to broken servers.',
    rfc: '9156',
  }),
  upstream: section({
    port: option({
      kind: kind.integer(1, 65535),
      default: 53,
      doc: 'Port of authoritative servers; other than 53 only in a laboratory.',
    }),
    ipv4: option({ kind: kind.boolean(), default: true, doc: 'Ask servers over IPv4.' }),
    ipv6: option({ kind: kind.boolean(), default: true, doc: 'Ask servers over IPv6.' }),
    caseRandomization: option({
      kind: kind.boolean(),
      default: true,
      doc: 'Mix the letter case of a question and demand it back, against forged responses.',
      rfc: '5452',
    }),
    cookies: option({
      kind: kind.boolean(),
      default: true,
      doc: 'Send DNS cookies to servers, and demand them back from those that know them, against forged responses.',
      rfc: '7873',
    }),
    doNotQuery: option({
      kind: kind.wordOr('builtin', builtin.builtinDoNotQuery, kind.list(kind.network())),
      default: 'builtin',
      doc: 'Networks that are never asked; builtin is this host, link-local, multicast and reserved. [] for none.',
      rfc: '6890',
    }),
  }),
  forward: option({
    kind: kind.list(
      kind.openRecord(
        { zone: kind.domainName(), servers: kind.list(kind.server(), 1) },
        { first: kind.boolean() },
      ),
    ),
    default: [],
    doc: 'Zones asked of recursive servers, each { zone, servers: ["192.0.2.1@53"] }; with first: true walked like others when no server is usable.',
  }),
  stub: option({
    kind: kind.list(kind.record({ zone: kind.domainName(), servers: kind.list(kind.server(), 1) })),
    default: [],
    doc: 'Zones asked of these authoritative servers, each { zone, servers }.',
  }),
  cache: section({
    stub: section({
      size: option({
        kind: cacheSize,
        as: 'sizeOctets',
        default: '64MiB',
        doc: 'Shared memory for whole answers.',
      }),
    }),
    resolver: section({
      size: option({
        kind: cacheSize,
        as: 'sizeOctets',
        default: '128MiB',
        doc: 'Memory for RRsets, of all workers together.',
      }),
      eviction: option({
        kind: kind.choice(['lru', 'lfu', 'ttl', 'sieve', 'none']),
        default: 'sieve',
        doc: 'Who leaves a full cache; none takes nothing new.',
      }),
    }),
    negative: section({
      size: option({
        kind: cacheSize,
        as: 'sizeOctets',
        default: '16MiB',
        doc: 'Memory for negative answers and failures, of all workers together.',
        rfc: '2308, 9520',
      }),
    }),
    ttl: section({
      min: option({
        kind: kind.duration('s', 's', 0, DAY_MS),
        as: 'minSec',
        default: 0,
        doc: 'Shortest time data is kept; over 0 stretches what owners said.',
      }),
      max: option({
        kind: kind.duration('s', 's', 0, WEEK_SEC * 1000),
        as: 'maxSec',
        default: 86_400,
        doc: 'Longest time data is kept.',
        rfc: '8767 s4',
      }),
      negativeMax: option({
        kind: kind.duration('s', 's', 0, WEEK_SEC * 1000),
        as: 'negativeMaxSec',
        default: 3600,
        doc: 'Longest time a negative answer is kept.',
        rfc: '2308 s5',
      }),
    }),
    rules: option({
      kind: kind.list(cacheRule),
      default: [],
      doc: 'Other rules at and below some names, the nearest decides: each { name } and noCache: true, or minTtl, maxTtl, negativeMax.',
    }),
    prefetch: option({
      kind: kind.boolean(),
      default: true,
      doc: 'Renew an answer that is asked for often before it expires.',
    }),
    serveStale: section({
      enabled: option({
        kind: kind.boolean(),
        default: true,
        doc: 'Answer with expired data when no server can be reached.',
        rfc: '8767',
      }),
      maxAge: option({
        kind: kind.duration('s', 's', 0, WEEK_SEC * 1000),
        as: 'maxAgeSec',
        default: '1d',
        doc: 'How long after its expiry data may be served.',
        rfc: '8767 s5',
      }),
      replyTtl: option({
        kind: kind.duration('s', 's', 0, 3_600_000),
        as: 'replyTtlSec',
        default: 30,
        doc: 'TTL of stale data in a response.',
        rfc: '8767 s4',
      }),
      clientWait: option({
        kind: kind.duration('ms', 'ms', 0, 60_000),
        as: 'clientWaitMs',
        default: '1800ms',
        doc: 'How long a client waits for fresh data before it gets stale data.',
        rfc: '8767 s5',
      }),
    }),
    persist: section({
      path: option({
        kind: kind.orNull(kind.path()),
        default: null,
        doc: 'File that keeps the caches over a restart; null keeps nothing.',
      }),
      interval: option({
        kind: kind.duration('ms', 's', 1000, DAY_MS),
        as: 'intervalMs',
        default: '60s',
        doc: 'How often the file is written.',
      }),
    }),
    shared: section({
      url: option({
        kind: kind.orNull(kind.storeUrl()),
        default: null,
        secret: true,
        doc: 'Valkey or Redis server through which resolvers share what they have walked; null shares nothing.',
      }),
      timeout: option({
        kind: kind.duration('ms', 'ms', 1, 1000),
        as: 'timeoutMs',
        default: '20ms',
        doc: 'The longest that a query waits for it before it walks.',
      }),
      secret: option({
        kind: kind.orNull(kind.secret()),
        default: null,
        secret: true,
        doc: 'Key of the MAC on each value, the same for all resolvers; what lacks it is not believed.',
      }),
    }),
  }),
  policy: section({
    lists: option({
      kind: policyKinds.lists,
      default: [],
      doc: 'Lists of names to block, the first that has a rule decides, each { path, format, action }; in an rpz list the zone says the action.',
    }),
    hosts: option({
      kind: policyKinds.hosts,
      default: [],
      doc: 'Hosts files answered from, forth and back.',
    }),
    localZones: option({
      kind: policyKinds.localZones,
      default: [],
      doc: 'Master files of zones that are served here.',
    }),
    rebindingProtection: option({
      kind: policyKinds.rebindingProtection,
      default: false,
      doc: 'Give no answer where a public name leads to a private address.',
    }),
    rebindingAllowed: option({
      kind: policyKinds.rebindingAllowed,
      default: [],
      doc: 'Names at and below which private addresses are right.',
    }),
  }),
  views: option({
    kind: kind.list(view),
    default: [],
    doc: 'Clients with a policy of their own in the place of the one above, the first that holds a client decides, each { name, clients, policy }.',
  }),
  access: section({
    allow: option({
      kind: kind.list(kind.network()),
      default: ['127.0.0.0/8', '::1/128'],
      doc: 'Clients that are answered; all others are refused.',
      rfc: '5358',
    }),
  }),
  cookies: section({
    enabled: option({
      kind: kind.boolean(),
      default: true,
      doc: 'Give a DNS cookie to each client that sends one.',
      rfc: '7873',
    }),
    secrets: option({
      kind: kind.list(kind.hexKey()),
      default: [],
      secret: true,
      doc: 'Keys of those cookies, the same for all resolvers behind one address; the first makes cookies, all are accepted. [] draws one at the start.',
      rfc: '9018 s5',
    }),
  }),
  rateLimit: section({
    perClientQps: option({
      kind: kind.integer(0, 1_000_000),
      default: 0,
      doc: 'Queries a second from one client over all workers; 0 is no limit. Over it, half of the queries by UDP get a truncated answer, the rest none; by TCP REFUSED.',
    }),
  }),
  http: section({
    enabled: option({
      kind: kind.boolean(),
      default: true,
      doc: 'Serve the page, statistics and cache control over HTTP.',
    }),
    address: option({ kind: kind.address(), default: '127.0.0.1', doc: 'Address of the HTTP server.' }),
    port: option({
      kind: kind.integer(0, 65535),
      default: 8053,
      doc: 'Port of the HTTP server; 0 takes a free one.',
    }),
    token: option({
      kind: kind.orNull(kind.token()),
      default: null,
      secret: true,
      doc: 'Bearer token for requests that change state; with null only this machine may, from its own page.',
      rfc: '6750',
    }),
  }),
  log: section({
    level: option({
      kind: kind.choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
      default: 'info',
      doc: 'Least severe line that is logged.',
    }),
    queries: option({ kind: kind.boolean(), default: false, doc: 'Log queries at level info.' }),
    querySampling: option({
      kind: kind.integer(1, 1_000_000),
      default: 1,
      doc: 'Of how many queries one is logged.',
    }),
  }),
  dnstap: section({
    path: option({
      kind: kind.orNull(kind.path()),
      default: null,
      doc: 'File that gets DNS messages as dnstap, or unix:PATH for the socket of a collector; further workers add .1, .2 and so on to a file.',
    }),
    messages: option({
      kind: kind.choice(['clients', 'servers', 'all']),
      default: 'clients',
      doc: 'Which messages: those with clients, those with servers, or both.',
    }),
  }),
} satisfies Rows;

/** What the program is told: checked, complete, frozen, and plain data that a worker can receive. */
export type Config = ConfigOf<typeof fields>;
