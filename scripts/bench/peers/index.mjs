// @ts-check
/**
 * The servers that are measured. Each gets one worker, plenty of cache, DNSSEC off where there is no trust anchor, IPv4 only, no limits on its clients, the root
 * hints of the benchmark, and otherwise its own defaults.
 */
import { bind } from './bind.mjs';
import { floor } from './floor.mjs';
import { knot } from './knot.mjs';
import { before, ours } from './ours.mjs';
import { powerdns } from './powerdns.mjs';
import { unbound } from './unbound.mjs';

/**
 * @typedef {object} Setup
 * @property {string} directory empty, for configuration and state
 * @property {string} address to listen on
 * @property {number} port
 * @property {{ name: string, address: string }[]} rootServers
 * @property {string} [trustAnchor] the root's DS line; validate when given
 * @property {number} workers
 */

/**
 * @typedef {object} Peer
 * @property {string} id
 * @property {string} title
 * @property {string[]} versionCommand
 * @property {RegExp} versionPattern the version is group 1
 * @property {'resolver' | 'floor'} kind a floor resolves nothing: it only takes part in the hit row
 * @property {(setup: Setup) => Promise<string[]>} prepare writes what it needs; returns the command that runs it in front
 */

/** @type {Peer[]} */
export const peers = [ours, before, unbound, knot, powerdns, bind, floor];
