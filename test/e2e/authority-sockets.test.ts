import { execFile, spawnSync } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { InternetBuilder } from '../../src/authority/internet-builder.js';
import { InternetError } from '../../src/authority/internet-error.js';
import { loadInternet } from '../../src/authority/load.js';
import type { FaultFields } from '../../src/authority/manifest.js';
import type { Serving } from '../../src/authority/serve.js';
import { parseName } from '../../src/dns/name.js';
import { RRClass, RRType } from '../../src/dns/registry.js';
import { systemClock } from '../../src/runtime/clock.js';
import { secureRandom } from '../../src/runtime/random.js';
import { FrameReader, frameMessage } from '../../src/transport/tcp-framing.js';
import { encodeQuery } from '../../src/wire/encode.js';
import { parentZone } from '../support/differential-zones.js';
import { askUdp } from '../support/nsd.js';

const run = promisify(execFile);
const hasDig = spawnSync('dig', ['-v']).error === undefined;

let serving: Serving | undefined;
afterEach(async () => {
  await serving?.close();
  serving = undefined;
});

function internet(faults: FaultFields, addresses: readonly string[], port = 0) {
  const zones = [{ text: parentZone, origin: 'example.' }];
  return new InternetBuilder()
    .addServer({ name: 'ns1.example.', addresses, zones, faults, root: true })
    .build(port);
}

async function serve(
  faults: FaultFields = {},
  addresses: readonly string[] = ['127.0.0.1'],
): Promise<number> {
  serving = await internet(faults, addresses).serve(systemClock, secureRandom());
  return serving.port;
}

async function dig(port: number, ...args: string[]): Promise<string> {
  const { stdout } = await run('dig', ['@127.0.0.1', '-p', String(port), '+time=10', '+tries=1', ...args]);
  return stdout;
}

describe.skipIf(!hasDig)('dig against mock servers on loopback', () => {
  test('gets an authoritative answer by UDP and by TCP', async () => {
    const port = await serve();
    for (const transport of ['+notcp', '+tcp']) {
      const output = await dig(port, '+norec', transport, 'www.example.', 'A');
      expect(output).toContain('status: NOERROR');
      expect(output).toMatch(/flags: qr aa;/);
      expect(output).toMatch(/www\.example\.\s+3600\s+IN\s+A\s+192\.0\.2\.4/);
    }
  });

  test('is sent on to TCP by a truncated answer, and gets it there', async () => {
    const port = await serve({ truncate: 'udp' });
    const output = await dig(port, '+norec', '+ignore', 'www.example.');
    expect(output).toMatch(/flags: qr aa tc;/);
    expect(await dig(port, '+norec', 'www.example.')).toContain('192.0.2.4');
  });

  test('is refused for names outside the zones', async () => {
    expect(await dig(await serve(), '+norec', 'www.other.test.')).toContain('status: REFUSED');
  });
});

describe('sockets', () => {
  const query = (name: string) =>
    encodeQuery({
      id: 0,
      question: { name: parseName(name), type: RRType.A, class: RRClass.IN },
      rd: false,
      cd: false,
    });

  test('all addresses answer on one port', async () => {
    const port = await serve({}, ['127.0.0.1', '127.53.250.1', '127.53.250.2']);
    expect(port).toBeGreaterThan(0);
    expect(serving!.addresses).toEqual(['127.0.0.1', '127.53.250.1', '127.53.250.2']);
    expect((await askUdp(port, query('www.example.')))[3]! & 15).toBe(0);
  });

  test('RFC 7766 6.2.1.1: queries on one TCP connection are answered without waiting for each other', async () => {
    const port = await serve();
    const socket = connect(port, '127.0.0.1');
    const names = ['www.example.', 'mail.example.', 'nothing.example.'];
    const queries = names.map((name, i) => {
      const packet = query(name);
      packet.writeUInt16BE(i + 1, 0);
      return frameMessage(packet);
    });
    const whole = Buffer.concat(queries);
    socket.write(whole.subarray(0, 20)); // the first query in two segments
    socket.write(whole.subarray(20));
    const frames = new FrameReader();
    const ids: number[] = [];
    for await (const chunk of socket.setTimeout(15_000, () => socket.destroy(new Error('no answer')))) {
      frames.push(chunk as Buffer);
      for (let frame = frames.next(); frame; frame = frames.next()) ids.push(frame.readUInt16BE(0));
      if (ids.length === names.length) break;
    }
    expect(ids.sort()).toEqual([1, 2, 3]);
  });

  test('garbage by UDP neither stops the server nor is answered', async () => {
    const port = await serve();
    await expect(askUdp(port, Buffer.from('garbage'), 100)).rejects.toThrow();
    expect((await askUdp(port, query('www.example.'))).length).toBeGreaterThan(12);
  });

  test('a server without TCP refuses connections', async () => {
    const port = await serve({ noTcp: true });
    const refused = new Promise<string | undefined>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      socket.on('connect', () => {
        socket.destroy();
        resolve('connected');
      });
    });
    expect(await refused).toBe('ECONNREFUSED');
  });

  test('a port that is taken is an error that says where and what to do, and leaves nothing open', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.53.250.3', () => resolve()));
    const bound = blocker.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const attempt = internet({}, ['127.53.250.4', '127.53.250.3'], port);
    try {
      const error = await attempt.serve(systemClock, secureRandom()).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InternetError);
      expect(error).toMatchObject({ code: 'ADDRESS_IN_USE' });
      expect(String(error)).toContain(`127.53.250.3:${port}`);
    } finally {
      await new Promise((resolve) => blocker.close(resolve));
    }
    serving = await attempt.serve(systemClock, secureRandom()); // the first address was freed again
    expect(serving.port).toBe(port);
  });

  test('an address that the machine does not have is an error that says so', async () => {
    const attempt = internet({}, ['192.0.2.1']);
    await expect(attempt.serve(systemClock, secureRandom())).rejects.toMatchObject({
      code: 'ADDRESS_UNAVAILABLE',
    });
  });

  test('close frees the port', async () => {
    const port = await serve();
    await serving!.close();
    serving = await internet({}, ['127.0.0.1'], port).serve(systemClock, secureRandom());
    expect(serving.port).toBe(port);
  });
});

test('every well-behaved server of zones/ answers with authority for each of its zones', async () => {
  const zones = join(import.meta.dirname, '../../zones');
  const { internet: whole } = loadInternet(zones, { port: 0 });
  serving = await whole!.serve(systemClock, secureRandom());
  const port = serving.port;
  const sound = whole!.servers.filter(({ spec }) => {
    const { delayMs, jitterMs, ...faults } = spec.faults;
    return Object.values(faults).every((value) => !value) && delayMs + jitterMs < 100;
  });
  expect(sound.length).toBeGreaterThan(20);
  for (const { spec, zones: served } of sound) {
    const address = spec.addresses.find((candidate) => !candidate.includes(':'));
    if (address === undefined) continue;
    for (const { apex } of served) {
      const question = { name: apex, type: RRType.SOA, class: RRClass.IN };
      const reply = await askUdp(
        port,
        encodeQuery({ id: 9, question, rd: false, cd: false }),
        15_000,
        address,
      );
      expect([spec.id, reply[2]! & 4, reply[3]! & 15, reply.readUInt16BE(6)]).toEqual([spec.id, 4, 0, 1]);
    }
  }
});
