// @ts-check
/**
 * The rows of the table. A row measures one server, freshly started, once; rounds and medians are made in run.mjs.
 */
import { hit, hitWithCookie } from './hit.mjs';
import { latency, latencyFromStart, latencyOverload } from './latency.mjs';
import { memory } from './memory.mjs';
import { miss } from './miss.mjs';
import { sizes } from './sizes.mjs';
import { startup } from './startup.mjs';
import { signedWalk, walk } from './walk.mjs';
import { workerMisses } from './worker-misses.mjs';
import { workers } from './workers.mjs';

/**
 * What a row may use.
 *
 * @typedef {object} Context
 * @property {import('../options.mjs').Options} options
 * @property {number} round from 0
 * @property {string} directory for query files
 * @property {number} port of the server
 * @property {number} pid of the server
 * @property {number} startedMs time from its start to its first answer
 * @property {import('../peers/index.mjs').Peer} peer
 * @property {(workers: number) => Promise<void>} restart ends the server and starts it anew with an empty cache
 * @property {(load: Omit<Parameters<typeof import('../load.mjs').runLoad>[0], 'port' | 'cores'>) => Promise<import('../load.mjs').LoadResult>} load
 * @property {(load: Omit<Parameters<typeof import('../load.mjs').runLoad>[0], 'port' | 'cores'>) => Promise<Measured>} measuredLoad
 *           the same, with the CPU time of the server per completed query
 */

/** @typedef {{ completed?: number, lost?: number, noerror?: number, perSecond?: number, [figure: string]: number | number[] | undefined }} Detail */
/** @typedef {import('../load.mjs').LoadResult & { cpuUsPerQuery: number, busiestThreadUsPerQuery: number, authorityUsPerQuery: number }} Measured */

/**
 * @typedef {object} Row
 * @property {string} id
 * @property {string} title
 * @property {string} unit
 * @property {boolean} [optional] only run when named
 * @property {boolean} [floor] the floor takes part
 * @property {boolean} [signed] against the signed zones, with validation
 * @property {number} [workers] of the server; 1 when left out
 * @property {string} [only] id of the one peer that takes part
 * @property {(context: Context) => Promise<{ value: number, detail: Detail, warning?: string }>} measure a warning says why the value is not what the title promises
 */

/** @type {Row[]} */
export const rows = [
  hit,
  miss,
  walk,
  signedWalk,
  memory,
  startup,
  hitWithCookie,
  latency,
  latencyFromStart,
  latencyOverload,
  sizes,
  workers,
  workerMisses,
];
