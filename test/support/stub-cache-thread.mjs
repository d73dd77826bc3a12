/**
 * One thread of the stress test of the shared stub cache: stores answers of which every octet says which answer it
 * is, or looks them up and counts those that are not of one piece.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { ResponseRoom } from '../../dist/cache/shared-stub-cache/reader.js';
import { SharedStubCache } from '../../dist/cache/shared-stub-cache/shared-stub-cache.js';

const { memory, thread, partition, operations, names, clockMs } = workerData;
const clock = { wallMs: () => clockMs };
const cache = new SharedStubCache({ clock, memory, thread, partition });

let state = 0x9e3779b9 ^ thread;
function random(below) {
  state = (Math.imul(state, 1664525) + 1013904223) | 0;
  return (state >>> 8) % below;
}

function nameOf(i) {
  const label = `name-${i}`;
  return `${String.fromCharCode(label.length)}${label}\x07example\0`;
}

/** A TXT record of `size` octets, all of which are `mark`. */
function answer(name, mark, size) {
  const head = Buffer.from([0, 0, 0x80, 0, 0, 1, 0, 1, 0, 0, 0, 0]);
  const record = Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 1, 44, size >> 8, size & 255]);
  const question = Buffer.from(`${name}\0\x10\0\x01`, 'latin1');
  return Buffer.concat([head, question, record, Buffer.alloc(size, mark)]);
}

function keyOf(name) {
  return { name, type: 16, class: 1, do: false, cd: false };
}

function write() {
  let stored = 0;
  for (let n = 0; n < operations; n++) {
    const name = nameOf(random(names));
    if (cache.put(keyOf(name), answer(name, random(256), 8 + random(600)), clockMs, clockMs + 300_000))
      stored++;
    if (n % 5000 === 0) cache.sweep(100);
  }
  return { stored };
}

function isOfOnePiece(octets, length, name) {
  const size = length - 12 - name.length - 4 - 12;
  const at = length - size;
  if (size < 8 || ((octets[at - 2] << 8) | octets[at - 1]) !== size) return false;
  for (let i = 0; i < name.length; i++) if (octets[12 + i] !== name.charCodeAt(i)) return false;
  for (let i = at; i < length; i++) if (octets[i] !== octets[at]) return false;
  return true;
}

function read() {
  const key = cache.newKey();
  const room = new ResponseRoom(Buffer.alloc(4096));
  cache.setTime(clockMs);
  let hits = 0;
  let torn = 0;
  for (let n = 0; n < operations; n++) {
    const name = nameOf(random(names));
    key.load(keyOf(name));
    const length = cache.copyResponse(key, room, 0, 4092);
    if (length <= 0) continue;
    hits++;
    if (!isOfOnePiece(room.octets, length, name)) torn++;
    if (n % 20_000 === 0) cache.purge(name);
  }
  return { hits, torn };
}

parentPort.once('message', () => parentPort.postMessage(partition === undefined ? read() : write()));
parentPort.postMessage('here');
