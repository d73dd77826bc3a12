/**
 * The response policy zones of a scenario as a policy.
 */
import { parseName, ROOT } from '../../src/dns/name.js';
import { RRType } from '../../src/dns/registry.js';
import { Policy } from '../../src/policy/policy.js';
import { type ResponsePolicyZone, responsePolicyZone } from '../../src/policy/rpz.js';
import { parseZoneText } from '../../src/zone/parse.js';
import type { PolicyZoneText, Scenario } from './parse.js';

/** What of RPZ is not done here, by the key that asks for it. */
const notDone: ReadonlyMap<string, string> = new Map([
  ['rpz-action-override', 'an action in the place of those of the zone'],
  ['primary', 'zone transfers'],
  ['master', 'zone transfers'],
  ['url', 'zone transfers'],
  ['tags', 'tags of clients'],
  ['rpz-signal-nxdomain-ra', 'an NXDOMAIN without RA'],
]);

/** Why the policy of a scenario cannot be had; undefined when it can. */
export function policyNotDone({ policyZones }: Scenario): string | undefined {
  return policyZones.flatMap(({ keys }) => keys.flatMap((key) => notDone.get(key) ?? []))[0];
}

export function policyOf({ policyZones }: Scenario): Policy | undefined {
  return policyZones.length > 0 ? new Policy({ lists: policyZones.map(listOf) }) : undefined;
}

function listOf({ name, text }: PolicyZoneText): ResponsePolicyZone {
  const apex = parseName(name, ROOT);
  const { records } = parseZoneText(text, { origin: apex });
  const soa = records.find(({ type }) => type === RRType.SOA);
  return responsePolicyZone(name, soa?.name ?? apex, records);
}
