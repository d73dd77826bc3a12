/**
 * CPU time of one upstream exchange by UDP, for each way of making sockets, against an echoing server in a
 * process of its own. Run after `npm run build`: node test/bench/upstream-sockets.mjs [exchanges]
 */
import { fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { systemClock } from '../../dist/runtime/clock.js';
import { secureRandom } from '../../dist/runtime/random.js';
import { DgramSockets } from '../../dist/transport/dgram-sockets.js';
import { loadLibc } from '../../dist/transport/native/libc.js';
import { NativeSockets } from '../../dist/transport/native/sockets.js';
import { NetworkUpstream } from '../../dist/transport/network-upstream.js';

if (process.send) {
  const server = createSocket('udp4', (packet, { address, port }) => {
    packet[2] |= 0x80;
    server.send(packet, port, address);
  });
  server.bind(0, '127.0.0.1', () => process.send(server.address().port));
} else {
  const server = fork(new URL(import.meta.url));
  const [port] = await once(server, 'message');
  const exchanges = Number(process.argv[2] ?? 20_000);
  const libc = loadLibc();
  const random = secureRandom();
  const kinds = [['dgram', () => new DgramSockets(random)]];
  if (libc) {
    for (const ports of ['own', 'kernel']) {
      kinds.push([`plain, ${ports} ports`, () => new NativeSockets(libc, random, { ports })]);
    }
  }
  for (const [kind, make] of kinds) {
    for (const concurrent of [1, 50]) await measure(kind, make(), concurrent, exchanges, port, random);
  }
  server.kill();
}

async function measure(kind, sockets, concurrent, exchanges, port, random) {
  const upstream = new NetworkUpstream({ clock: systemClock, random, sockets });
  const query = {
    endpoint: { address: '127.0.0.1', port },
    transport: 'udp',
    question: { name: '\x03www\x07example\x04test\x00', type: 1, class: 1 },
    rd: false,
    cd: false,
    edns: { udpSize: 1232, do: true },
    randomCase: true,
    timeoutMs: 2000,
  };
  const run = async (count) => {
    let left = count;
    const one = async () => {
      while (left-- > 0) {
        const result = await upstream.exchange(query);
        if (result.kind === 'fault') throw new Error(result.fault);
      }
    };
    await Promise.all(Array.from({ length: concurrent }, one));
  };
  await run(exchanges / 4);
  const before = process.cpuUsage();
  await run(exchanges);
  const { user, system } = process.cpuUsage(before);
  await upstream.close();
  const each = (us) => (us / exchanges).toFixed(1);
  console.log(
    `${kind}, ${concurrent} at once: ${each(user + system)} us (user ${each(user)}, system ${each(system)})`,
  );
}
