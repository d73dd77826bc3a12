// @ts-check
/**
 * The measuring itself, inside the namespace: starts the authoritative side once, then for each round, row and server
 * starts that server with an empty cache, lets the row measure it, and ends it. Servers run in turn, never side by side.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startAuthority } from './authority.mjs';
import { cpuTimeUs, threadTimesUs } from './cpu.mjs';
import { runLoad } from './load.mjs';
import { waitForAnswer } from './probe.mjs';
import { Processes, runToEnd } from './processes.mjs';
import { describeMachine, renderReport, summarise } from './report.mjs';
import { knownZone } from './zone-data.mjs';

const address = '127.0.0.1';
const port = 5301;
const resultsDirectory = fileURLToPath(new URL('../../bench-results/', import.meta.url));

/** The server gets the first core, everything else the others. @param {boolean} pin */
function placeOnCores(pin) {
  const count = availableParallelism();
  if (!pin || count < 2) return undefined;
  return { server: '0', others: count === 2 ? '1' : `1-${count - 1}` };
}

/** @param {import('./options.mjs').Options} options @returns {Promise<Map<string, string>>} */
async function findVersions(options) {
  const versions = new Map();
  for (const peer of options.peers) {
    const { code, stdout, stderr } = await runToEnd(peer.versionCommand, { timeoutMs: 10000 });
    const version = peer.versionPattern.exec(stdout + stderr)?.[1];
    if (code !== 0 || version === undefined) {
      if (options.strict) throw new Error(`${peer.title} is not installed`);
      console.error(`${peer.title}: not installed, left out`);
      continue;
    }
    versions.set(peer.id, version);
  }
  return versions;
}

/**
 * @typedef {object} Task one measurement
 * @property {import('./options.mjs').Options} options
 * @property {import('./rows/index.mjs').Row} row
 * @property {import('./peers/index.mjs').Peer} peer
 * @property {number} round
 * @property {string} directory
 * @property {Processes} processes
 * @property {import('./authority.mjs').Authority} authority
 */

/**
 * Starts the server with an empty cache and waits for its first answer.
 *
 * @param {Task} task
 * @param {string} directory
 * @param {number} workers
 */
async function startServer({ peer, processes, authority }, directory, workers) {
  mkdirSync(directory, { recursive: true });
  const { rootServers, trustAnchor } = authority;
  const command = await peer.prepare({ directory, address, port, rootServers, trustAnchor, workers });
  const begun = performance.now();
  const log = join(directory, 'output.log');
  const place = workers === 1 ? 'server' : 'anywhere';
  const server = processes.start(peer.id, command, { log, place, cwd: directory });
  const name = `www.${knownZone(0)}`;
  const validated = trustAnchor !== undefined;
  const ready = await waitForAnswer({ address, port, name, timeoutMs: 30000, everyMs: 5, validated });
  const startedMs = performance.now() - begun;
  if (ready) return { server, startedMs };
  const output = readFileSync(log, 'utf8').trim().slice(-500);
  await processes.stop(server);
  throw new Error(`gave no answer within 30 s of its start${output ? `: ${output}` : ''}`);
}

/** @param {Task} task */
async function measureOnce(task) {
  const { options, row, peer, round, processes } = task;
  const directory = join(task.directory, `${row.id}-${peer.id}-${round}`);
  const cores = processes.placing.cores?.others;
  let current = await startServer(task, join(directory, 'server'), row.workers ?? 1);
  /** @type {import('./rows/index.mjs').Context['load']} */
  const load = (wanted) => runLoad({ clients: options.clients, ...wanted, port, cores });
  /** @type {import('./rows/index.mjs').Context['measuredLoad']} */
  const measuredLoad = async (wanted) => {
    const authorityUs = () => task.authority.pids.reduce((sum, pid) => sum + cpuTimeUs(pid), 0);
    const before = { own: cpuTimeUs(current.server.pid), authority: authorityUs() };
    const threadsBefore = threadTimesUs(current.server.pid);
    const result = await load(wanted);
    const threads = [...threadTimesUs(current.server.pid)].map(
      ([id, us]) => us - (threadsBefore.get(id) ?? 0),
    );
    const used = {
      own: cpuTimeUs(current.server.pid) - before.own,
      authority: authorityUs() - before.authority,
    };
    const { completed } = result;
    return {
      ...result,
      cpuUsPerQuery: used.own / completed,
      busiestThreadUsPerQuery: Math.max(...threads) / completed,
      authorityUsPerQuery: used.authority / completed,
    };
  };
  try {
    const { startedMs } = current;
    const { pid } = current.server;
    /** @type {import('./rows/index.mjs').Context['restart']} */
    const restart = async (workers) => {
      await processes.stop(current.server);
      current = await startServer(task, join(directory, `server-${workers}`), workers);
    };
    const measured = await row.measure({
      options,
      round,
      directory,
      port,
      pid,
      startedMs,
      peer,
      load,
      measuredLoad,
      restart,
    });
    if (current.server.hasExited()) throw new Error('ended during the measurement');
    return measured;
  } finally {
    await processes.stop(current.server);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @typedef {import('./report.mjs').Sample} Sample */

/** Unsigned and signed zones, whichever the rows need. @param {Processes} processes @param {string} directory @param {import('./options.mjs').Options} options */
async function startAuthorities(processes, directory, options) {
  const { rows, zones, signedZones } = options;
  const start = (/** @type {boolean} */ signed, /** @type {number} */ walkZones) => {
    if (!rows.some((row) => Boolean(row.signed) === signed)) return undefined;
    console.error(`starting NSD${signed ? ' with signed zones' : ''} ...`);
    return startAuthority(processes, directory, { signed, walkZones });
  };
  const unsigned = await start(false, rows.some((row) => row.id === 'walk') ? zones : 0);
  return { unsigned, signed: await start(true, signedZones) };
}

/**
 * @param {import('./options.mjs').Options} options
 * @param {string} directory for everything that is written while measuring
 * @returns {Promise<number>} exit status
 */
export async function runBenchmark(options, directory) {
  const processes = new Processes({ cores: placeOnCores(options.pin) });
  /** @type {Sample[]} */
  const samples = [];
  try {
    const versions = await findVersions(options);
    const peers = options.peers.filter((peer) => versions.has(peer.id));
    const authorities = await startAuthorities(processes, directory, options);
    for (let round = 0; round < options.rounds; round++) {
      for (const row of options.rows) {
        for (const peer of peers.filter((one) => one.kind === 'resolver' || row.floor)) {
          if (row.only !== undefined && row.only !== peer.id) continue;
          const authority = /** @type {import('./authority.mjs').Authority} */ (
            row.signed ? authorities.signed : authorities.unsigned
          );
          const task = { options, row, peer, round, directory, processes, authority };
          samples.push(await sampleOf(task));
        }
      }
    }
    const report = summarise({ samples, versions, options, machine: describeMachine() });
    mkdirSync(resultsDirectory, { recursive: true });
    const text = renderReport(report);
    const stamp = report.date.replace(/[:.]/g, '-');
    for (const stem of [stamp, 'latest']) {
      writeFileSync(join(resultsDirectory, `${stem}.json`), `${JSON.stringify(report, null, 2)}\n`);
      writeFileSync(join(resultsDirectory, `${stem}.md`), text);
    }
    console.log(text);
    return samples.some((sample) => sample.error !== undefined) ? 1 : 0;
  } catch (error) {
    console.error(`benchmark: ${/** @type {Error} */ (error).message}`);
    return 1;
  } finally {
    await processes.stopAll();
  }
}

/** Measures, and turns a failure into a sample that says so. @param {Task} task @returns {Promise<Sample>} */
async function sampleOf(task) {
  const place = { row: task.row.id, peer: task.peer.id, round: task.round };
  try {
    const { value, detail, warning: doubt } = await measureOnce(task);
    const usable = detail.noerror === undefined || detail.noerror >= 0.99;
    const lossy = (detail.lost ?? 0) > 0.01 * (detail.completed ?? 0);
    const warning = usable && !lossy ? doubt : 'more than 1 % of the queries failed or were lost';
    console.error(
      `${task.row.id} ${task.peer.id} #${task.round + 1}: ${value.toFixed(2)} ${task.row.unit}${warning ? ` (${warning})` : ''}`,
    );
    if (task.options.verbose) console.error(detail);
    return { ...place, value, detail, warning };
  } catch (error) {
    const message = /** @type {Error} */ (error).message;
    console.error(`${task.row.id} ${task.peer.id} #${task.round + 1}: ${message}`);
    return { ...place, error: message };
  }
}
