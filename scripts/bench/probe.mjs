// @ts-check
/**
 * Asks a server one question over UDP: again and again until it answers, which is how we know that a peer is ready, or once for
 * a DNS cookie.
 */
import { createSocket } from 'node:dgram';

const clientCookie = '0123456789abcdef';
/** An OPT with the client's part of a cookie (RFC 7873). */
const cookieOpt = Buffer.from(`00002904d000000000000c000a0008${clientCookie}`, 'hex');

/** A query with RD and AD set. @param {string} name without escapes @param {number} id @param {Buffer} [opt] */
function encodeQuery(name, id, opt) {
  const header = Buffer.from([id >> 8, id & 255, 1, 0x20, 0, 1, 0, 0, 0, 0, 0, opt ? 1 : 0]);
  const labels = name
    .split('.')
    .filter((label) => label !== '')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]));
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, 1, 0, 1]), opt ?? Buffer.alloc(0)]);
}

/**
 * The DNS cookie that a server gives, in hexadecimal digits; the client's part alone where it gives none.
 *
 * @param {{ address: string, port: number, name: string, timeoutMs: number }} options
 * @returns {Promise<string>}
 */
export function askForCookie({ address, port, name, timeoutMs }) {
  const socket = createSocket('udp4');
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      socket.close();
      reject(new Error('no answer to a query with a cookie'));
    }, timeoutMs);
    socket.on('message', (packet) => {
      clearTimeout(limit);
      socket.close();
      const given = new RegExp(`000a0018(${clientCookie}[0-9a-f]{32})`).exec(packet.toString('hex'));
      resolve(given?.[1] ?? clientCookie);
    });
    socket.send(encodeQuery(name, 1, cookieOpt), port, address);
  });
}

/**
 * Waits for a NOERROR answer with at least one record; with `validated` it must have AD set too.
 *
 * @param {{ address: string, port: number, name: string, timeoutMs: number, everyMs: number, validated?: boolean }} options
 * @returns {Promise<boolean>} false when time is up
 */
export function waitForAnswer(options) {
  const socket = createSocket('udp4');
  let id = 1;
  return new Promise((resolve) => {
    const finish = (/** @type {boolean} */ answered) => {
      clearInterval(sending);
      clearTimeout(limit);
      socket.close();
      resolve(answered);
    };
    const send = () => {
      id = (id % 65535) + 1;
      socket.send(encodeQuery(options.name, id), options.port, options.address);
    };
    socket.on('error', () => {}); // refused while the server is not up yet
    socket.on('message', (packet) => {
      if (packet.length < 12 || (options.validated && (packet.readUInt8(3) & 0x20) === 0)) return;
      const answers = packet.readUInt16BE(6);
      if ((packet.readUInt8(3) & 15) === 0 && answers > 0) finish(true);
    });
    const sending = setInterval(send, options.everyMs);
    const limit = setTimeout(() => finish(false), options.timeoutMs);
    send();
  });
}
