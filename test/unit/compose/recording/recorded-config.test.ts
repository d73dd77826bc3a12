import { describe, expect, it } from 'vitest';
import { recordedConfig } from '../../../../src/compose/recording/recorded-config.js';
import type { Config } from '../../../../src/config/fields.js';
import { checkConfig, parseConfig } from '../../../../src/config/load.js';

const everything = `
rootHints: [{ name: a.root.test., addresses: [192.0.2.1, "2001:db8::1"] }]
dnssec:
  trustAnchors:
    - ". DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
    - "test. DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4="
  negativeTrustAnchors: [bad.test.]
  aggressive: false
  clockSkew: 90s
  sha1: insecure
  overrideDate: "20200102030405"
specialUse: false
qnameMinimization: strict
upstream: { port: 5311, ipv6: false, caseRandomization: false, cookies: false, doNotQuery: [192.0.2.0/24] }
forward: [{ zone: corp.test., servers: ["192.0.2.9@5353", "[2001:db8::9]@53"], first: true }]
stub: [{ zone: lan.test., servers: ["192.0.2.8"] }]
cache:
  ttl: { min: 5, max: 1h, negativeMax: 60 }
  rules: [{ name: no.test., noCache: true }, { name: short.test., maxTtl: 10, minTtl: 1 }]
  prefetch: false
  serveStale: { enabled: false, maxAge: 1h, replyTtl: 5, clientWait: 20ms }
`;

const secrets = `
http: { token: "very-secret-token" }
cookies: { secrets: ["00112233445566778899aabbccddeeff"] }
cache:
  persist: { path: /var/lib/caches }
  shared: { url: "redis://user:password@192.0.2.7", secret: "a-shared-secret-of-some-length" }
dnssec: { anchorState: /var/lib/anchors }
dnstap: { path: /var/log/tap }
policy: { hosts: [/etc/hosts] }
`;

const write = (config: Config) => recordedConfig(config, config.dnssec.trustAnchors, undefined);

describe('the configuration in a recording', () => {
  it('is empty when nothing is other than by default', () => {
    expect(write(parseConfig('', 'test'))).toEqual({});
  });

  it('is read to the same configuration in all that decides', () => {
    const config = parseConfig(everything, 'test');
    expect(checkConfig(JSON.parse(JSON.stringify(write(config))), 'test')).toEqual(config);
  });

  it('holds no secret and no path', () => {
    const written = JSON.stringify(write(parseConfig(secrets, 'test')));
    expect(written).toBe('{}');
  });

  it('names the root, the port and the anchors of a mock internet', () => {
    const config = parseConfig('', 'test');
    const [anchor] = parseConfig(everything, 'test').dnssec.trustAnchors;
    const { rootHints } = parseConfig(everything, 'test');
    const mock = { rootHints, port: 5311, trustAnchors: [anchor!] };
    expect(recordedConfig(config, mock.trustAnchors, mock)).toEqual({
      rootHints: [{ name: 'a.root.test.', addresses: ['192.0.2.1', '2001:db8::1'] }],
      // What "auto" means with the anchors of a mock internet.
      dnssec: { trustAnchors: [expect.stringMatching(/^\. DS 20326 8 2 E06D/)], sha1: 'insecure' },
      upstream: { port: 5311, doNotQuery: [] },
    });
  });
});
