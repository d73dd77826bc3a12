/**
 * A configuration as it is written, in a file or as options of the library: every key may be left out.
 *
 * The type for people's editors; fields.ts owns the rows and the check. A test holds the keys of both together.
 */

/** `1800ms`, `30s`, `1d`, or a number in the unit that docs/configuration.md names. */
export type DurationInput = string | number;
/** `64MiB`, or a number of octets. */
export type SizeInput = string | number;

export interface ServersOfZone {
  readonly zone: string;
  /** `192.0.2.1@53`. */
  readonly servers: readonly string[];
}

export interface PolicyInput {
  readonly lists?: readonly {
    readonly path: string;
    readonly format: 'hosts' | 'domains' | 'adblock' | 'rpz';
    readonly action: 'nxdomain' | 'nodata' | 'refused' | 'null-address' | 'drop';
  }[];
  readonly hosts?: readonly string[];
  readonly localZones?: readonly string[];
  readonly rebindingProtection?: boolean;
  readonly rebindingAllowed?: readonly string[];
}

/** See docs/configuration.md for what each does, its default and its limits. */
export interface ConfigInput {
  readonly listen?: readonly (string | { readonly address: string; readonly port: number })[];
  readonly workers?: number | 'auto';
  readonly rootHints?:
    | 'builtin'
    | readonly { readonly name: string; readonly addresses: readonly string[] }[];
  readonly dnssec?: {
    readonly mode?: 'validate' | 'off';
    readonly trustAnchors?: 'builtin' | readonly string[];
    readonly negativeTrustAnchors?: readonly string[];
    readonly aggressive?: boolean;
    readonly clockSkew?: DurationInput;
    readonly sha1?: 'auto' | 'validate' | 'insecure';
    readonly negativeTrustAnchorLife?: DurationInput | null;
    readonly anchorState?: string | null;
    readonly overrideDate?: string | null;
  };
  readonly specialUse?: boolean;
  readonly qnameMinimization?: 'strict' | 'relaxed' | 'off';
  readonly upstream?: {
    readonly port?: number;
    readonly ipv4?: boolean;
    readonly ipv6?: boolean;
    readonly caseRandomization?: boolean;
    readonly cookies?: boolean;
    readonly doNotQuery?: 'builtin' | readonly string[];
  };
  readonly forward?: readonly (ServersOfZone & { readonly first?: boolean })[];
  readonly stub?: readonly ServersOfZone[];
  readonly cache?: {
    readonly stub?: { readonly size?: SizeInput };
    readonly resolver?: {
      readonly size?: SizeInput;
      readonly eviction?: 'lru' | 'lfu' | 'ttl' | 'sieve' | 'none';
    };
    readonly negative?: { readonly size?: SizeInput };
    readonly ttl?: {
      readonly min?: DurationInput;
      readonly max?: DurationInput;
      readonly negativeMax?: DurationInput;
    };
    readonly rules?: readonly {
      readonly name: string;
      readonly noCache?: boolean;
      readonly minTtl?: DurationInput;
      readonly maxTtl?: DurationInput;
      readonly negativeMax?: DurationInput;
    }[];
    readonly prefetch?: boolean;
    readonly serveStale?: {
      readonly enabled?: boolean;
      readonly maxAge?: DurationInput;
      readonly replyTtl?: DurationInput;
      readonly clientWait?: DurationInput;
    };
    readonly persist?: { readonly path?: string | null; readonly interval?: DurationInput };
    readonly shared?: {
      readonly url?: string | null;
      readonly timeout?: DurationInput;
      readonly secret?: string | null;
    };
  };
  readonly policy?: PolicyInput;
  readonly views?: readonly {
    readonly name: string;
    readonly clients: readonly string[];
    readonly policy?: PolicyInput;
  }[];
  readonly access?: { readonly allow?: readonly string[] };
  readonly cookies?: { readonly enabled?: boolean; readonly secrets?: readonly string[] };
  readonly rateLimit?: { readonly perClientQps?: number };
  readonly http?: {
    readonly enabled?: boolean;
    readonly address?: string;
    readonly port?: number;
    readonly token?: string | null;
  };
  readonly log?: {
    readonly level?: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
    readonly queries?: boolean;
    readonly querySampling?: number;
  };
  readonly dnstap?: { readonly path?: string | null; readonly messages?: 'clients' | 'servers' | 'all' };
}
