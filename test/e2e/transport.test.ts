/** The listeners against real clients: dig and kdig, over both families and transports. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Listener, PacketHandler } from '../../src/transport/listener.js';
import { openTcpListener } from '../../src/transport/tcp-listener.js';
import { openUdpListener } from '../../src/transport/udp-listener.js';
import { answerTo } from '../support/upstream-contract.js';

const run = promisify(execFile);
const answer: PacketHandler = (packet, client, reply) =>
  reply(answerTo(packet, client.transport === 'udp' ? 1 : 2));

describe.each(['127.0.0.1', '::1'])('a client at %s', (address) => {
  let udp: Listener;
  let tcp: Listener;
  beforeAll(async () => {
    udp = await openUdpListener({ address, port: 0 }, answer);
    tcp = await openTcpListener({ address, port: 0 }, answer);
  });
  afterAll(() => Promise.all([udp.close(), tcp.close()]));

  const lines = async (tool: string, ...args: string[]) =>
    (await run(tool, [`@${address}`, '+short', ...args], { timeout: 15_000 })).stdout.trim().split('\n');

  it('is answered by UDP', async () => {
    expect(await lines('dig', '-p', `${udp.port}`, '+notcp', 'www.example.test')).toEqual(['192.0.2.1']);
    expect(await lines('kdig', '-p', `${udp.port}`, '+notcp', 'www.example.test')).toEqual(['192.0.2.1']);
  });

  it('is answered by TCP, several times on one connection', async () => {
    const names = ['a.test', 'b.test', 'c.test'];
    const answers = names.map(() => '192.0.2.2');
    const before = tcp.stats().received;
    expect(await lines('dig', '-p', `${tcp.port}`, '+tcp', '+keepopen', ...names)).toEqual(answers);
    expect(await lines('kdig', '-p', `${tcp.port}`, '+tcp', '+keepopen', ...names)).toEqual(answers);
    expect(tcp.stats().received - before).toBe(6);
  });
});
