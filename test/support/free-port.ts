/**
 * A port of loopback for a program that cannot choose one itself.
 *
 * It lies below the range that systems draw ports from by themselves, so that none of the sockets which tests open beside
 * it takes it between this look and the start of the program.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

const FROM = 10_000;
const BELOW = 30_000;
const TRIES = 50;

/** Free for UDP and TCP on 127.0.0.1. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(FROM, BELOW);
    if ((await freeForUdp(port)) && (await freeForTcp(port))) return port;
  }
  throw new Error('no port of loopback is free');
}

async function freeForUdp(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

async function freeForTcp(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    if (server.listening) {
      server.close();
      await once(server, 'close');
    }
  }
}
