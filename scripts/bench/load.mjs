// @ts-check
/**
 * The load generator: writes query files and runs dnsperf over them.
 */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { runToEnd } from './processes.mjs';

/**
 * Writes one "name A" line per query.
 *
 * @param {string} file
 * @param {number} count
 * @param {(index: number) => string} nameOf
 */
export async function writeQueries(file, count, nameOf) {
  const stream = createWriteStream(file);
  let chunk = '';
  for (let index = 0; index < count; index++) {
    chunk += `${nameOf(index)} A\n`;
    if (chunk.length > 60000) {
      if (!stream.write(chunk)) await once(stream, 'drain');
      chunk = '';
    }
  }
  stream.end(chunk);
  await once(stream, 'finish');
}

/**
 * @typedef {object} LoadResult
 * @property {number} completed
 * @property {number} lost
 * @property {number} noerror share of NOERROR among the completed, 0 to 1
 * @property {number} perSecond
 * @property {number} latencyMs average
 * @property {number[]} [latenciesMs] of each query, when asked for
 */

/**
 * Runs dnsperf to its end. Without `seconds` it goes through the file once.
 *
 * @param {object} options
 * @param {string} options.file
 * @param {number} options.port
 * @param {number} [options.seconds]
 * @param {number} [options.passes] times through the file; 0 is without end
 * @param {number} [options.clients] sockets that the queries are sent from
 * @param {number} [options.outstanding] queries in flight
 * @param {number} [options.perSecond] highest rate
 * @param {string} [options.cookie] a DNS cookie in hexadecimal digits, sent with every query
 * @param {boolean} [options.eachLatency] also report the latency of each query
 * @param {string} [options.cores]
 * @returns {Promise<LoadResult>}
 */
export async function runLoad(options) {
  const argv = ['dnsperf', '-s', '127.0.0.1', '-p', String(options.port), '-d', options.file];
  argv.push(
    '-c',
    String(options.clients ?? 4),
    '-T',
    '1',
    '-t',
    '8',
    '-q',
    String(options.outstanding ?? 100),
    '-W',
  );
  if (options.seconds !== undefined) argv.push('-l', String(options.seconds));
  if (options.passes !== 0) argv.push('-n', String(options.passes ?? 1));
  if (options.perSecond !== undefined) argv.push('-Q', String(options.perSecond));
  if (options.cookie !== undefined) argv.push('-e', '-E', `10:${options.cookie}`);
  if (options.eachLatency) argv.push('-v');
  const timeoutMs = ((options.seconds ?? 120) + 30) * 1000;
  const { code, stdout, stderr } = await runToEnd(argv, { timeoutMs, cores: options.cores });
  if (code !== 0) throw new Error(`dnsperf failed (${code}): ${stderr.trim() || stdout.trim().slice(-300)}`);
  const report = parseReport(stdout);
  if (options.eachLatency) report.latenciesMs = parseLatencies(stdout);
  return report;
}

/** Reads the "> NOERROR name A 0.000123" lines of `dnsperf -v`. @param {string} text */
function parseLatencies(text) {
  return Array.from(text.matchAll(/^> NOERROR \S+ \S+ ([0-9.]+)$/gm), (match) => Number(match[1]) * 1000);
}

/** Reads the statistics that dnsperf prints at its end. @param {string} text @returns {LoadResult} */
export function parseReport(text) {
  const number = (/** @type {RegExp} */ pattern) => Number(pattern.exec(text)?.[1] ?? 0);
  const completed = number(/Queries completed:\s+([0-9]+)/);
  return {
    completed,
    lost: number(/Queries lost:\s+([0-9]+)/),
    noerror: completed === 0 ? 0 : number(/NOERROR ([0-9]+)/) / completed,
    perSecond: number(/Queries per second:\s+([0-9.]+)/),
    latencyMs: number(/Average Latency \(s\):\s+([0-9.]+)/) * 1000,
  };
}
