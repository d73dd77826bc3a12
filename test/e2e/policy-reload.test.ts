/**
 * Lists that take long to load, in the built program: answers go on meanwhile, by the old rules, and afterwards by none but the
 * new ones. How long a load takes is up to the test, since the list is a named pipe. Needs `npm run build`.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rcode } from '../../src/dns/registry.js';
import { type Program, runBuiltProgram } from '../support/serve-program.js';
import { openAskers, type UdpAsker } from '../support/udp-asker.js';

const WAIT_MS = 10_000;
/** More than is read without a thread. */
const many = (of: string) => Array.from({ length: 20_000 }, (_, i) => `n${i}.${of}\n`).join('');

describe.each([1, 2])('a reload of a long list with %i workers', (workers) => {
  let folder = '';
  let program: Program;
  let http = '';
  let askers: readonly UdpAsker[] = [];
  const file = (name: string) => join(folder, name);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stratadns-policy-reload-'));
    cpSync('zones', file('zones'), { recursive: true });
    const manifest = file('zones/internet.yaml');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/^port: \d+/m, 'port: 0'));
    writeFileSync(file('list'), `example.com\n${many('old.test')}`);
    const policy = { lists: [{ path: file('list'), format: 'domains', action: 'nxdomain' }] };
    writeFileSync(file('config.yaml'), JSON.stringify({ workers, policy }));
    const free = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'];
    program = runBuiltProgram(['serve', '--zones', file('zones'), '--config', file('config.yaml'), ...free]);
    const ready = await program.line('ready');
    http = String(ready.http);
    askers = await openAskers(
      8,
      Number(
        String((ready.listen as string[])[0])
          .split(':')
          .at(-1),
      ),
    );
  });
  afterAll(async () => {
    for (const asker of askers) asker.close();
    await program.stop();
    rmSync(folder, { recursive: true });
  });

  const reload = () => fetch(`${http}/reload`, { method: 'POST' });
  /** What every client is told, each on a socket of its own. */
  const rcodes = async (name: string) => {
    const replies = await Promise.all(askers.map((asker) => asker.ask(name, WAIT_MS)));
    return [...new Set(replies.map((reply) => reply?.rcode))];
  };
  const old = async () => {
    expect(await rcodes('www.example.com')).toEqual([Rcode.NXDOMAIN]);
    expect(await rcodes('www.example.net')).toEqual([Rcode.NOERROR]);
  };

  it('answers by the old rules until the new ones are whole, and then by these alone', async () => {
    await old();
    execFileSync('mkfifo', [file('pipe')]);
    renameSync(file('pipe'), file('list'));
    const reloading = reload();
    const writer = await open(file('list'), 'w'); // succeeds as soon as somebody reads
    await writer.write(`example.net\n${'x.test\n'.repeat(20)}`);
    await old();
    await old(); // from the cache
    // Its end comes when another file is there already: what was read of the pipe is of no use.
    writeFileSync(file('next'), `example.net\n${many('new.test')}`);
    renameSync(file('next'), file('list'));
    await writer.write('example.org\n');
    await writer.close();
    expect((await reloading).status).toBe(200);
    expect(await rcodes('www.example.com')).toEqual([Rcode.NOERROR]);
    expect(await rcodes('www.example.net')).toEqual([Rcode.NXDOMAIN]);
    expect(await rcodes('n19999.new.test')).toEqual([Rcode.NXDOMAIN]);
    expect(await rcodes('www.example.org')).not.toEqual([Rcode.NXDOMAIN]);
    expect(program.log.filter(({ msg }) => msg === 'a list was loaded')).toHaveLength(2);
  });

  it('changes nothing, and says why, when the list cannot be used', async () => {
    rmSync(file('list'));
    const reply = await reload();
    expect(reply.status).toBe(400);
    expect(await reply.text()).toContain('ENOENT');
    expect(await rcodes('www.example.net')).toEqual([Rcode.NXDOMAIN]);
    writeFileSync(file('list'), many('last.test'));
    expect((await reload()).status).toBe(200);
    expect(await rcodes('www.example.net')).toEqual([Rcode.NOERROR]);
  });
});
