/**
 * The configuration and the clock that a scenario wants, in our terms.
 */
import { parseName, ROOT } from '../../src/dns/name.js';
import type { Minimisation } from './ground.js';
import type { Scenario } from './parse.js';

/** Options of ours that a scenario wants, as a configuration file has them. */
export function configurationOf(scenario: Scenario, minimisation: Minimisation) {
  const last = (key: string) => scenario.options.get(key)?.at(-1);
  const yes = (key: string, fallback: boolean) =>
    last(key) === undefined ? fallback : last(key)!.startsWith('y');
  const anchors = (scenario.options.get('trust-anchor') ?? []).map((line) => line.trim());
  const validating =
    anchors.length > 0 && !(last('module-config') && !last('module-config')!.includes('validator'));
  const isRoot = (name: string) => parseName(name, ROOT) === ROOT;
  const hints = scenario.zones.filter((z) => z.kind === 'stub' && isRoot(z.name)).flatMap((z) => z.addresses);
  const zones = (kind: 'stub' | 'forward') =>
    scenario.zones
      .filter((z) => z.kind === kind && !(kind === 'stub' && isRoot(z.name)))
      .map((z) => ({ zone: z.name, servers: z.addresses }));
  return {
    rootHints: hints.length > 0 ? [{ name: 'k.root-servers.net.', addresses: hints }] : 'builtin',
    dnssec: {
      mode: validating ? 'validate' : 'off',
      ...(anchors.length > 0 ? { trustAnchors: anchors } : {}),
      negativeTrustAnchors: scenario.options.get('domain-insecure') ?? [],
      aggressive: yes('aggressive-nsec', true),
      clockSkew: 0,
    },
    specialUse: false,
    qnameMinimization: minimisation,
    upstream: {
      ipv4: yes('do-ip4', true),
      ipv6: yes('do-ip6', true),
      doNotQuery: yes('do-not-query-localhost', true) ? 'builtin' : [],
    },
    forward: zones('forward'),
    stub: zones('stub'),
    cache: {
      ttl: { min: Number(last('cache-min-ttl') ?? 0), max: Number(last('cache-max-ttl') ?? 86_400) },
      prefetch: yes('prefetch', false),
      serveStale: staleOf(last, yes('serve-expired', false)),
    },
  };
}

function staleOf(last: (key: string) => string | undefined, enabled: boolean) {
  return {
    enabled,
    replyTtl: Number(last('serve-expired-reply-ttl') ?? 30),
    clientWait: Number(last('serve-expired-client-timeout') ?? 1800),
    maxAge: Number(last('serve-expired-ttl') ?? 86_400) || 86_400,
  };
}

/** The wall time at which a scenario starts, in ms; undefined when it does not care. */
export function startTimeMs(scenario: Scenario): number | undefined {
  const unix = scenario.options.get('val-override-timestamp')?.at(-1);
  if (unix && /^[0-9]+/.test(unix)) return Number.parseInt(unix, 10) * 1000;
  const date = scenario.options.get('val-override-date')?.at(-1);
  const parts = date && /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(date);
  if (!parts) return undefined;
  const [y, mo, d, h, mi, s] = parts.slice(1).map(Number) as [number, number, number, number, number, number];
  return Date.UTC(y, mo - 1, d, h, mi, s);
}
