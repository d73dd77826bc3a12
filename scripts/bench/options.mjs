// @ts-check
/**
 * The benchmark's command line.
 */
import { parseArgs } from 'node:util';
import { peers } from './peers/index.mjs';
import { rows } from './rows/index.mjs';

export const usage = `usage: npm run bench -- [row...] [options]

rows     ${rows.map((row) => row.id).join(' ')}   (all but those marked optional in the README)
         eviction   hit ratios of the eviction policies, by itself: eviction [--requests N] [--names N] [--trace FILE]

  --peers a,b      ${peers.map((peer) => peer.id).join(',')}
  --rounds N       rounds; the median is reported (3)
  --seconds S      length of each timed load (8)
  --zones N        zones for the cold walk (60000)
  --signed-zones N zones for the signed walk (28000)
  --fill N         names for the memory row (100000)
  --names N        names in the hit row (1000)
  --clients N      sockets that the queries come from (4)
  --large N        cached names of the sizes row (1000000)
  --no-pin         do not pin the server to one core and the rest to the others
  --verbose        show each run
  --strict         fail when a peer is not installed, instead of leaving it out`;

/**
 * @typedef {object} Options
 * @property {import('./rows/index.mjs').Row[]} rows
 * @property {import('./peers/index.mjs').Peer[]} peers
 * @property {number} rounds
 * @property {number} seconds
 * @property {number} zones
 * @property {number} signedZones
 * @property {number} fill
 * @property {number} names
 * @property {number} clients
 * @property {number} large
 * @property {boolean} pin
 * @property {boolean} verbose
 * @property {boolean} strict
 * @property {boolean} help
 */

/** Reads a whole number of at least 1, or says which flag is wrong. @param {string} flag @param {string} text */
function readCount(flag, text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${flag} needs a whole number of at least 1`);
  return value;
}

/** @template {{ id: string }} T @param {string} what @param {T[]} all @param {string[]} wanted @returns {T[]} */
function pick(what, all, wanted) {
  return wanted.map((id) => {
    const found = all.find((one) => one.id === id);
    if (found === undefined) throw new Error(`unknown ${what} "${id}"`);
    return found;
  });
}

/** Options, or a message that says what is wrong. @param {string[]} argv @returns {Options | string} */
export function parseOptions(argv) {
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        peers: { type: 'string' },
        rounds: { type: 'string', default: '3' },
        seconds: { type: 'string', default: '8' },
        zones: { type: 'string', default: '60000' },
        'signed-zones': { type: 'string', default: '28000' },
        fill: { type: 'string', default: '100000' },
        names: { type: 'string', default: '1000' },
        clients: { type: 'string', default: '4' },
        large: { type: 'string', default: '1000000' },
        'no-pin': { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        strict: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const usual = peers.map((peer) => peer.id).filter((id) => id !== 'before');
    const standard = rows.filter((row) => !row.optional).map((row) => row.id);
    return {
      rows: pick('row', rows, positionals.length > 0 ? positionals : standard),
      peers: pick('peer', peers, values.peers?.split(',') ?? usual),
      rounds: readCount('rounds', values.rounds),
      seconds: readCount('seconds', values.seconds),
      zones: readCount('zones', values.zones),
      signedZones: readCount('signed-zones', values['signed-zones']),
      fill: readCount('fill', values.fill),
      names: readCount('names', values.names),
      clients: readCount('clients', values.clients),
      large: readCount('large', values.large),
      pin: !values['no-pin'],
      verbose: values.verbose,
      strict: values.strict,
      help: values.help,
    };
  } catch (error) {
    return /** @type {Error} */ (error).message;
  }
}
