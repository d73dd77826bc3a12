/** The operator's lists, hosts file and local zone in the built program, seen through dig. Needs `npm run build`. */
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Program, runBuiltProgram } from '../support/serve-program.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const free = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'];
let folder = '';
let zones = '';
let config = '';
let program: Program;
let port = '';
let http = '';

const file = (name: string) => join(folder, name);
const list = (name: string, format: string, action = 'nxdomain') => ({ path: file(name), format, action });

const files: Readonly<Record<string, string>> = {
  'names.txt': 'blocked.example.com\nnot..aname\nalso not a name\n',
  'adblock.txt': '! title\n||nodata.example.com^\n@@||good.nodata.example.com^\n##.banner\n',
  'hosts.txt': '0.0.0.0 zero.example.com\n',
  'refused.txt': 'refused.example.com\n',
  'rpz.zone': [
    '$TTL 60',
    '@ SOA localhost. nobody.invalid. 1 3600 1200 604800 60',
    '@ NS localhost.',
    'rpz.example.com CNAME .',
    'walled.example.com A 198.51.100.7',
    '*.moved.example.com CNAME *.example.net.',
    '32.10.113.0.203.rpz-ip CNAME *.',
    '32.30.113.0.203.rpz-ip CNAME garden.example.com.',
    'garden.example.com A 198.51.100.99',
    '32.9.0.0.127.rpz-client-ip CNAME .',
    'bad.example.com A not-an-address',
    '',
  ].join('\n'),
  hosts: '198.51.100.20 nas.home.arpa nas\n2001:db8::20 nas.home.arpa\n',
  'corp.zone': [
    '$ORIGIN corp.home.arpa.',
    '$TTL 300',
    '@ SOA ns root 1 3600 1200 604800 60',
    '@ NS ns',
    'ns A 198.51.100.1',
    'intra A 198.51.100.2',
    '',
  ].join('\n'),
};

function write(name: string, text: string): void {
  writeFileSync(file(name), text);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stratadns-policy-'));
  zones = file('zones');
  cpSync('zones', zones, { recursive: true });
  const manifest = join(zones, 'internet.yaml');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/^port: \d+/m, 'port: 0'));
  for (const [name, text] of Object.entries(files)) write(name, text);
  config = file('config.yaml');
  const policy = {
    lists: [
      list('names.txt', 'domains'),
      list('adblock.txt', 'adblock', 'nodata'),
      list('hosts.txt', 'hosts', 'null-address'),
      list('refused.txt', 'domains', 'refused'),
      list('rpz.zone', 'rpz'),
    ],
    hosts: [file('hosts')],
    localZones: [file('corp.zone')],
    rebindingProtection: true,
    rebindingAllowed: ['lab.test'],
  };
  writeFileSync(config, JSON.stringify({ workers: 1, policy }));
  program = runBuiltProgram(['serve', '--zones', zones, '--config', config, ...free]);
  const ready = await program.line('ready');
  port = String((ready.listen as string[])[0])
    .split(':')
    .at(-1)!;
  http = String(ready.http);
});
afterAll(async () => {
  await program.stop();
  rmSync(folder, { recursive: true });
});

async function dig(...args: string[]): Promise<string> {
  // A cookie would keep queries out of the fast lane, in which stale answers would show.
  const common = ['@127.0.0.1', '-p', port, '+tries=1', '+time=10', '+nocookie'];
  return (await promisify(execFile)('dig', [...common, ...args], { timeout: 15_000 })).stdout;
}

async function short(...args: string[]): Promise<string> {
  return (await dig('+short', ...args)).trim();
}

/** Asks until the answer is as wanted: a changed file is looked at every two seconds. */
async function until(wanted: RegExp, ...args: string[]): Promise<string> {
  for (const end = Date.now() + 10_000; ; await sleep(50)) {
    const answer = await dig(...args);
    if (wanted.test(answer)) return answer;
    if (Date.now() > end) throw new Error(`waited too long for ${wanted}: ${answer}`);
  }
}

async function cli(...args: string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, [main, ...args], { timeout: 15_000 })).stdout;
}

describe('policy.lists', () => {
  it.each([
    ['a list of names', 'x.blocked.example.com', 'NXDOMAIN', 'names.txt', 'blocked.example.com.'],
    ['adblock syntax', 'nodata.example.com', 'NOERROR', 'adblock.txt', 'nodata.example.com.'],
    ['a hosts list', 'zero.example.com', 'NOERROR', 'hosts.txt', 'zero.example.com.'],
    ['a refusing list', 'refused.example.com', 'REFUSED', 'refused.txt', 'refused.example.com.'],
    ['a response policy zone', 'rpz.example.com', 'NXDOMAIN', 'rpz.zone', 'rpz.example.com.'],
  ])(
    'blocks by %s, and says which list and rule in an EDE, without the folder',
    async (_what, name, status, path, rule) => {
      const answer = await dig(name, 'A');
      expect(answer).toContain(`status: ${status}`);
      expect(answer).toMatch(/EDE: 15 \(Blocked\)/);
      expect(answer).toContain(`list ${path}, rule ${rule}`);
      expect(answer).not.toContain(folder);
      expect(answer).not.toMatch(/flags:[^;]* ad/);
    },
  );

  it('answers null addresses by family, and other types with no data', async () => {
    expect(await short('zero.example.com', 'A')).toBe('0.0.0.0');
    expect(await short('zero.example.com', 'AAAA')).toBe('::');
    expect(await dig('zero.example.com', 'MX')).toMatch(/NOERROR[\s\S]*ANSWER: 0[\s\S]*SOA/);
  });

  it('lets exceptions and all other names through', async () => {
    expect(await dig('good.nodata.example.com')).not.toContain('EDE: 15');
    expect(await short('www.example.com')).toBe('192.0.2.10');
  });

  it('answers with the data of a response policy zone, and follows its wildcard aliases', async () => {
    expect(await short('walled.example.com')).toBe('198.51.100.7');
    expect(await dig('www.moved.example.com', 'CNAME', '+noall', '+answer')).toMatch(
      /CNAME\s+www\.moved\.example\.com\.example\.net\./,
    );
  });

  it('judges the addresses in answers, and keeps nothing that it changed', async () => {
    for (let i = 0; i < 2; i++) {
      const answer = await dig('www.example.nl', 'A');
      expect(answer).toMatch(/status: NOERROR[\s\S]*ANSWER: 0/);
      expect(answer).toContain('(list rpz.zone, rule 32.10.113.0.203.rpz-ip.)');
    }
    expect(await short('www.example.nl', 'AAAA')).toBe('2001:db8:40::1');
    expect(await short('www.example.co.nl', 'A')).toBe('garden.example.com.\n198.51.100.99');
    const trace = await cli('trace', 'www.example.nl', '--at', http);
    expect(trace).toContain(`policy ${file('rpz.zone')}: 32.10.113.0.203.rpz-ip.: nodata`);
  });

  it('judges clients by their address, and others are answered as always', async () => {
    expect(await short('www.example.net', 'A')).toBe('198.51.100.10');
    expect(await dig('-b', '127.0.0.9', 'www.example.net', 'A')).toMatch(/NXDOMAIN[\s\S]*rpz-client-ip/);
    expect(await short('www.example.net', 'A')).toBe('198.51.100.10');
    const trace = await cli('trace', 'www.example.net', '--at', http, '--client', '127.0.0.9');
    expect(trace).toContain('rpz-client-ip');
  });

  it('counts the lines that it cannot use, and names the first', () => {
    const loaded = program.log.filter(({ msg }) => msg === 'a list was loaded');
    expect(loaded.find((line) => line.list === file('names.txt'))).toMatchObject({
      rules: 1,
      badLines: 2,
      firstBad: [{ line: 2 }, { line: 3 }],
    });
    expect(loaded.find((line) => line.list === file('rpz.zone'))).toMatchObject({ rules: 7, badLines: 1 });
  });
});

describe('local data', () => {
  it('answers from the hosts file before special-use names, forth and back', async () => {
    const answer = await dig('nas.home.arpa');
    expect(answer).toMatch(/flags: qr aa[\s\S]*198\.51\.100\.20/);
    expect(await short('nas.home.arpa', 'AAAA')).toBe('2001:db8::20');
    expect(await short('-x', '198.51.100.20')).toBe('nas.home.arpa.');
  });

  it('answers from a local zone below a special-use name; names beside it are not walked', async () => {
    expect(await dig('intra.corp.home.arpa')).toMatch(/flags: qr aa[\s\S]*198\.51\.100\.2/);
    expect(await dig('none.corp.home.arpa')).toMatch(/NXDOMAIN[\s\S]*corp\.home\.arpa\.[^\n]*SOA/);
    expect(await dig('other.home.arpa')).toContain('NXDOMAIN');
  });

  it('keeps public names from leading to private addresses, but not the ones that may', async () => {
    const guarded = await dig('a.root-servers.test', 'A');
    expect(guarded).toMatch(/ANSWER: 0[\s\S]*EDE: 17 \(Filtered\)[^\n]*rebinding/);
    expect(await short('ns1.lab.test', 'A')).toMatch(/^127\./);
  });
});

describe('trace and explain of a running server', () => {
  it('show the policy and blame the list with its rule', async () => {
    expect(await cli('trace', 'blocked.example.com', '--at', http)).toContain(
      `policy ${file('names.txt')}: blocked.example.com.: nxdomain`,
    );
    const verdict = JSON.parse(await cli('explain', 'x.blocked.example.com', '--at', http, '--json'));
    expect(verdict).toMatchObject({
      ok: false,
      blame: 'resolver',
      blamed: `${file('names.txt')}: blocked.example.com.`,
    });
  });

  it('show local data without a walk', async () => {
    const trace = await cli('trace', 'intra.corp.home.arpa', '--at', http);
    expect(trace).toContain('policy local zone: data');
    expect(trace).toContain('198.51.100.2');
    expect(trace).not.toContain('ask ');
  });
});

describe('a list that is edited while the program runs', () => {
  it('blocks a name that is cached already, and lets it go again', async () => {
    for (let i = 0; i < 3; i++) expect(await short('www.example.com')).toBe('192.0.2.10');
    write('names.txt', `${files['names.txt']}www.example.com\n`);
    expect(await until(/NXDOMAIN/, 'www.example.com')).toContain('EDE: 15');
    write('names.txt', files['names.txt']!);
    await until(/192\.0\.2\.10/, 'www.example.com');
  });

  it('shows an edited local zone', async () => {
    write('corp.zone', files['corp.zone']!.replace('198.51.100.2', '198.51.100.3'));
    await until(/198\.51\.100\.3\b/, 'intra.corp.home.arpa');
  });

  it('goes on with what it had when a file is gone', async () => {
    rmSync(file('refused.txt'));
    const line = await program.line('a changed policy file cannot be used; what was loaded before stays');
    expect(line.why).toContain('refused.txt');
    expect(await dig('refused.example.com')).toContain('REFUSED');
    write('refused.txt', files['refused.txt']!);
  });
});

describe('a policy file that is missing at the start', () => {
  it.each(['check', 'serve'])(
    'ends %s with exit code 2, names it and where the configuration does',
    (command) => {
      const missing = file('nowhere.txt');
      writeFileSync(
        file('missing.yaml'),
        JSON.stringify({ policy: { lists: [list('nowhere.txt', 'domains')] } }),
      );
      const args = [main, command, '--config', file('missing.yaml'), ...(command === 'serve' ? free : [])];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, {
        encoding: 'utf8',
        timeout: 15_000,
      });
      expect(status).toBe(2);
      const said = `${stdout}${stderr}`;
      expect(said).toContain(`missing.yaml:1:29: policy.lists[0].path: ${missing}: ENOENT`);
      expect(said).not.toContain('    at ');
    },
  );
});
