// @ts-check
/**
 * The benchmark's zones once more, signed. Each zone has a key and a file of its own, so this takes about a millisecond per zone.
 */
import { makeZoneKey, signZone } from './sign.mjs';
import { leafZones, timers, tlds } from './zone-data.mjs';

/** @typedef {import('./sign.mjs').ZoneRecord} ZoneRecord */

/**
 * @param {import('./zone-data.mjs').AddressPlan} plan
 * @param {number} walkZones
 * @param {number} nowSec
 */
export function signedZones(plan, walkZones, nowSec) {
  const root = makeZoneKey('.');
  const tldKeys = new Map(tlds.map((tld) => [tld, makeZoneKey(`${tld}.`)]));
  const leaves = leafZones(walkZones).map(({ apex, index }) => ({
    apex,
    index,
    key: makeZoneKey(`${apex}.`),
  }));
  const served = (/** @type {string} */ apex, /** @type {string} */ text) => ({
    files: [{ file: apex === '.' ? 'root' : apex, text }],
    zones: [{ apex, file: apex === '.' ? 'root' : apex }],
  });
  const merge = (/** @type {import('./zone-data.mjs').Served[]} */ all) => ({
    files: all.flatMap((one) => one.files),
    zones: all.flatMap((one) => one.zones),
  });
  return {
    trustAnchor: `. IN DS ${root.ds}`,
    root: served('.', signZone(rootRecords(plan, tldKeys), root, nowSec)),
    tlds: merge(
      [...tldKeys].map(([tld, key]) => {
        const below = leaves.filter((leaf) => leaf.apex.endsWith(`.${tld}`));
        return served(tld, signZone(tldRecords(plan, tld, below), key, nowSec));
      }),
    ),
    leaves: merge(
      leaves.map(({ apex, index, key }) =>
        served(apex, signZone(leafRecords(plan, apex, index), key, nowSec)),
      ),
    ),
  };
}

/** @param {import('./zone-data.mjs').AddressPlan} plan @param {Map<string, import('./sign.mjs').ZoneKey>} keys @returns {ZoneRecord[]} */
function rootRecords(plan, keys) {
  /** @type {ZoneRecord[]} */
  const records = [
    { owner: '.', type: 'SOA', ttl: 86400, value: `a.root-ns. hostmaster.root-ns. ${timers}` },
  ];
  for (const { name, address } of plan.rootServers) {
    records.push({ owner: '.', type: 'NS', ttl: 518400, value: name });
    records.push({ owner: name, type: 'A', ttl: 518400, value: address });
  }
  for (const [tld, key] of keys) {
    for (const [number, address] of plan.tldAddresses.entries()) {
      records.push({ owner: `${tld}.`, type: 'NS', ttl: 172800, value: `ns${number}.nic.${tld}.` });
      records.push({ owner: `ns${number}.nic.${tld}.`, type: 'A', ttl: 172800, value: address });
    }
    records.push({ owner: `${tld}.`, type: 'DS', ttl: 86400, value: key.ds });
  }
  return records;
}

/** @param {import('./zone-data.mjs').AddressPlan} plan @param {string} tld @param {{ apex: string, index: number, key: import('./sign.mjs').ZoneKey }[]} below @returns {ZoneRecord[]} */
function tldRecords(plan, tld, below) {
  const apex = `${tld}.`;
  /** @type {ZoneRecord[]} */
  const records = [
    { owner: apex, type: 'SOA', ttl: 86400, value: `ns0.nic.${apex} hostmaster.nic.${apex} ${timers}` },
  ];
  for (const [number, address] of plan.tldAddresses.entries()) {
    records.push({ owner: apex, type: 'NS', ttl: 172800, value: `ns${number}.nic.${apex}` });
    records.push({ owner: `ns${number}.nic.${apex}`, type: 'A', ttl: 172800, value: address });
  }
  for (const { apex: leaf, index, key } of below) {
    for (const [number, address] of plan.zoneAddresses(index).entries()) {
      records.push({ owner: `${leaf}.`, type: 'NS', ttl: 172800, value: `ns${number + 1}.${leaf}.` });
      records.push({ owner: `ns${number + 1}.${leaf}.`, type: 'A', ttl: 172800, value: address });
    }
    records.push({ owner: `${leaf}.`, type: 'DS', ttl: 86400, value: key.ds });
  }
  return records;
}

/** @param {import('./zone-data.mjs').AddressPlan} plan @param {string} zone @param {number} index @returns {ZoneRecord[]} */
function leafRecords(plan, zone, index) {
  const apex = `${zone}.`;
  /** @type {ZoneRecord[]} */
  const records = [
    { owner: apex, type: 'SOA', ttl: 86400, value: `ns1.${apex} hostmaster.${apex} ${timers}` },
  ];
  for (const [number, address] of plan.zoneAddresses(index).entries()) {
    records.push({ owner: apex, type: 'NS', ttl: 86400, value: `ns${number + 1}.${apex}` });
    records.push({ owner: `ns${number + 1}.${apex}`, type: 'A', ttl: 86400, value: address });
  }
  records.push({ owner: `www.${apex}`, type: 'A', ttl: 86400, value: '192.0.2.1' });
  return records;
}
