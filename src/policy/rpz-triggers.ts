/**
 * What a record of a response policy zone is a rule for, read from its owner name.
 *
 * draft-vixie-dnsop-dns-rpz 4: QNAME, client address, address in the answer, name of a name server, address of a name
 * server. A network is written backwards with its prefix length in front: `24.0.2.0.192.rpz-ip` is 192.0.2.0/24,
 * `48.zz.1.db8.2001.rpz-ip` is 2001:db8:1::/48.
 */
import { isSubdomain, isWildcard, labelsOf, type Name, parentName } from '../dns/name.js';
import { type Network, NetworkError, parseNetwork } from '../runtime/networks.js';

export type TriggerKind = 'client-ip' | 'qname' | 'ip' | 'nsdname' | 'nsip';

export type Trigger =
  | { readonly kind: 'qname' | 'nsdname'; readonly name: Name; readonly reach: 'name' | 'below' }
  | { readonly kind: 'client-ip' | 'ip' | 'nsip'; readonly network: Network };

const kindOfLabel: ReadonlyMap<string, Exclude<TriggerKind, 'qname'>> = new Map([
  ['rpz-client-ip', 'client-ip'],
  ['rpz-ip', 'ip'],
  ['rpz-nsdname', 'nsdname'],
  ['rpz-nsip', 'nsip'],
]);

/**
 * @param owner inside the zone
 * @returns the trigger and the owner without the zone's name; undefined for the zone's own records; a string says
 *   what is wrong
 */
export function triggerOf(owner: Name, apex: Name): { trigger: Trigger; rule: Name } | string | undefined {
  if (owner === apex) return undefined;
  if (!isSubdomain(owner, apex)) return 'its owner is outside of the zone';
  const rule = `${owner.slice(0, owner.length - apex.length)}\0` as Name;
  const labels = labelsOf(rule);
  const kind = kindOfLabel.get(labels.at(-1) ?? '');
  if (kind === undefined) return { trigger: { kind: 'qname', ...reachOf(rule) }, rule };
  if (labels.length === 1) return `${labels[0]} has nothing in front of it`;
  if (kind === 'nsdname') {
    const name = `${rule.slice(0, rule.length - kindOctets(kind))}\0` as Name;
    return { trigger: { kind, ...reachOf(name) }, rule };
  }
  const network = networkOf(labels.slice(0, -1));
  return typeof network === 'string' ? network : { trigger: { kind, network }, rule };
}

/** Octets of the last label and the root. */
function kindOctets(kind: string): number {
  return 1 + 'rpz-'.length + kind.length + 1;
}

function reachOf(name: Name): { name: Name; reach: 'name' | 'below' } {
  return isWildcard(name) ? { name: parentName(name), reach: 'below' } : { name, reach: 'name' };
}

/** @returns what is wrong with it, if something is */
function networkOf([prefix, ...backwards]: readonly string[]): Network | string {
  const parts = backwards.reverse();
  const isV4 = parts.length === 4 && !parts.includes('zz');
  const zeros = parts.indexOf('zz');
  const v6 =
    zeros < 0 ? parts.join(':') : `${parts.slice(0, zeros).join(':')}::${parts.slice(zeros + 1).join(':')}`;
  try {
    return parseNetwork(`${isV4 ? parts.join('.') : v6}/${prefix}`);
  } catch (error) {
    if (error instanceof NetworkError) return error.message;
    throw error;
  }
}
