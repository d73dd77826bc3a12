/** What a configuration says about serving, as the pipeline takes it. */
import type { Config } from '../config/fields.js';
import { isSubdomain, type Name } from '../dns/name.js';
import { NetworkSet } from '../runtime/networks.js';
import { ServerCookies } from '../server/cookies.js';
import { defaultServerSettings, type ServerSettings } from '../server/settings.js';
import type { LoadedPolicy } from './policy/load.js';

/** What the configuration names but does not hold. */
export interface Surroundings extends LoadedPolicy {
  readonly mock: { serves(name: Name): boolean } | undefined;
  /** Key of DNS cookies, where the operator gives none. */
  readonly cookieSecret: Uint8Array;
  readonly version: string;
  readonly generation: number;
}

export function serverSettings(config: Config, around: Surroundings): ServerSettings {
  const allow = new NetworkSet(config.access.allow);
  const configured = [...config.forward, ...config.stub].map((z) => z.zone);
  const { everybody, views, mock, cookieSecret, version, generation } = around;
  return {
    ...defaultServerSettings,
    generation,
    allowed: (address) => allow.hasClient(address),
    clients: allow,
    cookies: config.cookies.enabled ? cookiesOf(config.cookies.secrets, cookieSecret) : undefined,
    perClientQps: config.rateLimit.perClientQps,
    specialUse: config.specialUse,
    servedElsewhere: (name) =>
      configured.some((zone) => isSubdomain(name, zone)) || (mock?.serves(name) ?? false),
    ...everybody,
    views,
    version: `stratadns ${version}`,
  };
}

function cookiesOf([first, ...rest]: readonly string[], drawn: Uint8Array): ServerCookies {
  const key = (hex: string) => Buffer.from(hex, 'hex');
  return new ServerCookies(first === undefined ? [drawn] : [key(first), ...rest.map(key)]);
}
