import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createResolver, type LibraryResolver } from '../../../src/index.js';
import { createInternet, type ListeningInternet, type TestInternet } from '../../../src/testing.js';

const web = http.createServer((request, response) => response.end(`hello from ${request.headers.host}`));
let internet: TestInternet;
let resolver: LibraryResolver;
let port: number;

beforeAll(async () => {
  web.listen(0, '127.0.0.1');
  await once(web, 'listening');
  port = (web.address() as AddressInfo).port;
  internet = createInternet({
    zones: {
      'shop.example': 'www CNAME web\nweb A 127.0.0.1',
      'slow.example': { records: '* A 127.0.0.1', faults: { delay: '30ms' } },
    },
  });
  resolver = createResolver({ internet });
});

afterAll(async () => {
  await resolver.close();
  web.close();
});

async function fetchText(options: http.RequestOptions): Promise<string> {
  const request = http.get({ port, timeout: 5000, ...options });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return text(response);
}

describe('lookup in the place of dns.lookup', () => {
  it('lets http.get reach a local server by a name of the mock internet', async () => {
    const body = await fetchText({ host: 'www.shop.example', lookup: resolver.lookup });
    expect(body).toBe(`hello from www.shop.example:${port}`);
  });

  it('works for an http.Agent that keeps connections', async () => {
    const agent = new http.Agent({ keepAlive: true, lookup: resolver.lookup } as http.AgentOptions);
    for (const host of ['www.shop.example', 'any.slow.example', 'www.shop.example']) {
      expect(await fetchText({ host, agent })).toContain(host);
    }
    agent.destroy();
  });

  it('works for net.connect with and without the choice among families', async () => {
    for (const autoSelectFamily of [true, false]) {
      const socket = net.connect({
        host: 'web.shop.example',
        port,
        lookup: resolver.lookup,
        autoSelectFamily,
      });
      await once(socket, 'connect');
      expect(socket.remoteAddress).toBe('127.0.0.1');
      socket.destroy();
    }
  });

  it('fails a request as Node does for a name that does not exist', async () => {
    const request = http.get({ host: 'nowhere.shop.example', port, lookup: resolver.lookup });
    const [error] = await once(request, 'error');
    expect(error).toMatchObject({ code: 'ENOTFOUND', hostname: 'nowhere.shop.example' });
  });
});

describe('an internet on sockets', () => {
  let listening: ListeningInternet;
  beforeAll(async () => {
    listening = await internet.listen();
  });
  afterAll(() => listening.close());

  it('is found by a resolver that goes over the network', async () => {
    const networked = createResolver(listening.config);
    const found = await networked.resolve('www.shop.example');
    expect(found.records.map(({ text }) => text)).toEqual(['127.0.0.1']);
    await networked.close();
  });

  it('answers other programs', async () => {
    const [address] = listening.addresses;
    const args = [
      `@${address}`,
      '-p',
      String(listening.port),
      '+norecurse',
      '+short',
      '+time=5',
      'web.shop.example',
    ];
    const { stdout } = await promisify(execFile)('dig', args, { timeout: 15_000 });
    expect(stdout).toBe('127.0.0.1\n');
  });
});

describe('a script that only waits for a name', () => {
  const lib = (file: string) => fileURLToPath(new URL(`../../../dist/${file}`, import.meta.url));
  const run = (body: string) => {
    const script = `
      import { createResolver } from ${JSON.stringify(lib('index.js'))};
      import { createInternet } from ${JSON.stringify(lib('testing.js'))};
      ${body}`;
    const args = ['--input-type=module', '-e', script];
    return execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 15_000 });
  };

  it('is kept alive until the answer comes, and ends without close', () => {
    const zones = `{ 'slow.example': { records: '@ A 192.0.2.5', faults: { delay: '200ms' } } }`;
    const output = run(`
      const resolver = createResolver({ internet: createInternet({ zones: ${zones} }) });
      console.log((await resolver.resolve('slow.example')).records[0].text);`);
    expect(output).toBe('192.0.2.5\n');
  });

  it('is kept alive by questions over real sockets', () => {
    const output = run(`
      const internet = await createInternet({ zones: { 'a.example': '@ A 192.0.2.6' } }).listen();
      const resolver = createResolver(internet.config);
      console.log((await resolver.resolve('a.example')).records[0].text);
      await resolver.close();
      await internet.close();`);
    expect(output).toBe('192.0.2.6\n');
  });
});
