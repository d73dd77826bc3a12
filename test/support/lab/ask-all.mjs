/**
 * Asks a server many questions, some at a time, as its clients do: UDP first, TCP when cut, again when lost.
 *
 * Runs inside the laboratory's namespace. Standard input: JSON `{ address, port, window, packets }` with query
 * packets in base64. Standard output: one line per question, `index tries base64`, without an answer `index tries -`.
 */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { buffer, json } from 'node:stream/consumers';

const TRIES = 3;
const WAIT_MS = 10_000;

const { address, port, window, packets } = await json(process.stdin);
const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
const waiting = new Map();
socket.on('message', (answer) => waiting.get(answer.readUInt16BE(0))?.(answer));
await new Promise((resolve) => socket.connect(port, address, resolve));
let nextId = 0;

/** Undefined when no answer comes in time. */
function byUdp(packet) {
  nextId = (nextId + 1) & 0xffff;
  const id = nextId;
  packet.writeUInt16BE(id, 0);
  return new Promise((resolve) => {
    const finish = (answer) => {
      clearTimeout(limit);
      waiting.delete(id);
      resolve(answer);
    };
    const limit = setTimeout(finish, WAIT_MS, undefined);
    waiting.set(id, finish);
    socket.send(packet);
  });
}

async function byTcp(packet) {
  const stream = connect({ host: address, port, timeout: WAIT_MS });
  stream.on('timeout', () => stream.destroy());
  const length = Buffer.alloc(2);
  length.writeUInt16BE(packet.length);
  stream.end(Buffer.concat([length, packet]));
  return buffer(stream).then(
    (all) => (all.length > 2 ? all.subarray(2) : undefined),
    () => undefined,
  );
}

async function ask(packet) {
  for (let tries = 1; tries <= TRIES; tries++) {
    const answer = await byUdp(packet);
    const cut = answer !== undefined && (answer[2] & 2) !== 0;
    const whole = cut ? await byTcp(packet) : answer;
    if (whole !== undefined) return { tries, text: whole.toString('base64') };
  }
  return { tries: TRIES, text: '-' };
}

let next = 0;
async function client() {
  while (next < packets.length) {
    const index = next++;
    const { tries, text } = await ask(Buffer.from(packets[index], 'base64'));
    process.stdout.write(`${index} ${tries} ${text}\n`);
  }
}
await Promise.all(Array.from({ length: window }, client));
socket.close();
