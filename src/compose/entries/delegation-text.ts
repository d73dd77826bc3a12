/**
 * A delegation as records in presentation form: NS, glue, DS and what denies it.
 * Limitations: addresses that are only a last resort (`spare`) are not shown.
 */
import type { Delegation } from '../../cache/delegation-cache.js';
import { formatName } from '../../dns/name.js';
import { withTtl } from '../../dns/rrset.js';
import { formatRRset } from '../../wire/rrset-text.js';

export function delegationRecords(
  { zone, servers, ds, dsProof }: Delegation,
  ttlSec: number,
): { readonly records: string[]; readonly proof: string[] } {
  const left = Math.max(0, ttlSec);
  const owner = formatName(zone);
  const records = servers.map(({ name }) => `${owner}\t${left}\tIN\tNS\t${formatName(name)}`);
  for (const { name, addresses } of servers) {
    for (const address of addresses) {
      records.push(`${formatName(name)}\t${left}\tIN\t${address.includes(':') ? 'AAAA' : 'A'}\t${address}`);
    }
  }
  if (typeof ds !== 'string') records.push(...formatRRset(withTtl(ds, left)));
  return { records, proof: dsProof.flatMap(formatRRset) };
}
