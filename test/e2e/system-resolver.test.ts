/**
 * The built program as the system resolver of a container: a network and mount namespace whose resolv.conf
 * points at it, used through glibc, curl and Node's own dns. Needs `npm run build`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Namespace, namespaceObstacle, untilSays } from '../support/lab/namespace.js';

const obstacle = process.platform === 'linux' ? namespaceObstacle() : 'namespaces are a thing of Linux';
// Where it must work, its absence is a failure and not a gap in the report.
const required = process.env.CI !== undefined;
if (obstacle !== undefined) console.warn(`system resolver: not tested: ${obstacle}`);

const webPort = 8080;
const zone = `web   A     127.0.0.1
alias CNAME web
both  A     192.0.2.10
both  A     192.0.2.11
both  AAAA  2001:db8::10
text  TXT   "hello"
`;
const files = new Map([
  ['internet.yaml', manifest()],
  [
    'root.zone',
    `. 60 SOA a.root.test. x. 1 1 1 1 60\n. 60 NS a.root.test.\na.root.test. 60 A 127.53.9.1\nshop.example. 60 NS ns.shop.example.\nns.shop.example. 60 A 127.53.9.2\n`,
  ],
  ['shop.zone', `$ORIGIN shop.example.\n$TTL 60\n@ SOA ns x 1 1 1 1 60\n@ NS ns\nns A 127.53.9.2\n${zone}`],
  ['stratadns.yaml', 'listen: [{ address: 127.0.0.1, port: 53 }]\nhttp: { enabled: false }\n'],
  ['resolv.conf', 'nameserver 127.0.0.1\noptions timeout:5 attempts:1\n'],
  ['nsswitch.conf', 'passwd: files\ngroup: files\nhosts: dns\n'],
  [
    'web.mjs',
    `import http from 'node:http';
http.createServer((request, response) => response.end('page of ' + request.headers.host)).listen(${webPort}, '127.0.0.1', () => console.log('web ready'));`,
  ],
]);

function manifest(): string {
  return `port: 5311
rootServers: [root]
servers:
  - { id: root, name: a.root.test., addresses: [127.53.9.1], zones: [root.zone] }
  - { id: shop, name: ns.shop.example., addresses: [127.53.9.2], zones: [shop.zone] }
`;
}

if (obstacle !== undefined && required) {
  it('can make a namespace to test the system resolver in', () => expect.fail(obstacle));
}

describe.skipIf(obstacle !== undefined)('as the system resolver of a container', () => {
  let folder = '';
  let container: Namespace;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stratadns-system-'));
    for (const [name, text] of files) writeFileSync(join(folder, name), text);
    container = await Namespace.open([
      // Addresses of its own, as a container has: glibc leaves out families of which there is only loopback.
      'ip addr add 10.53.0.2/24 dev lo',
      'ip addr add fd53::2/64 dev lo || echo "no IPv6" >&2',
      ...['resolv.conf', 'nsswitch.conf'].map((name) => `mount --bind '${join(folder, name)}' /etc/${name}`),
    ]);
    const program = [process.execPath, 'dist/cli/main.js', 'serve'];
    const options = ['--config', join(folder, 'stratadns.yaml'), '--zones', folder];
    const server = container.start([...program, ...options]);
    const web = container.start([process.execPath, join(folder, 'web.mjs')]);
    await Promise.all([untilSays(server, '"ready"'), untilSays(web, 'web ready')]);
  });
  afterAll(async () => {
    await container.close();
    rmSync(folder, { recursive: true });
  });

  it('answers glibc', async () => {
    const { code, stdout } = await container.run(['getent', 'ahosts', 'both.shop.example']);
    const addresses = new Set(stdout.split('\n').flatMap((line) => line.split(' ')[0] || []));
    const hasIpv6 = (await container.run(['ip', '-6', 'addr', 'show', 'dev', 'lo'])).stdout.includes(
      'fd53::2',
    );
    const expected = ['192.0.2.10', '192.0.2.11', ...(hasIpv6 ? ['2001:db8::10'] : [])];
    expect(addresses).toEqual(new Set(expected));
    expect(code).toBe(0);
  });

  it('tells glibc of aliases and of names that do not exist', async () => {
    const alias = await container.run(['getent', 'ahostsv4', 'alias.shop.example']);
    expect(alias.stdout).toMatch(/^127\.0\.0\.1\s+STREAM web\.shop\.example$/m);
    const missing = await container.run(['getent', 'hosts', 'nowhere.shop.example']);
    expect([missing.code, missing.stdout]).toEqual([2, '']);
  });

  it('lets curl reach a web server by name', async () => {
    const url = `http://alias.shop.example:${webPort}/`;
    const { code, stdout } = await container.run(['curl', '--silent', '--show-error', '--noproxy', '*', url]);
    expect([code, stdout]).toEqual([0, `page of alias.shop.example:${webPort}`]);
  });

  it("answers Node's own dns, by c-ares and by glibc", async () => {
    const script = `
      const { promises: dns } = require('node:dns');
      const code = (error) => error.code;
      Promise.all([
        dns.resolve4('both.shop.example').then((all) => all.sort()),
        dns.lookup('alias.shop.example'),
        dns.resolveTxt('text.shop.example'),
        dns.resolve4('nowhere.shop.example').catch(code),
        dns.resolveMx('both.shop.example').catch(code),
        dns.lookup('nowhere.shop.example').catch(code),
      ]).then((all) => console.log(JSON.stringify(all)));`;
    const { stdout, stderr } = await container.run([process.execPath, '-e', script]);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([
      ['192.0.2.10', '192.0.2.11'],
      { address: '127.0.0.1', family: 4 },
      [['hello']],
      'ENOTFOUND',
      'ENODATA',
      'ENOTFOUND',
    ]);
  });

  it('answers localhost and reverse names of private networks without asking anyone', async () => {
    const local = await container.run(['getent', 'ahosts', 'db.localhost']);
    expect(local.stdout).toContain('127.0.0.1');
    const reverse = await container.run(['dig', '+time=5', '+tries=1', '-x', '10.1.2.3']);
    expect(reverse.stdout).toContain('status: NXDOMAIN');
  });
});
