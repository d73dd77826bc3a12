/**
 * Who counts as one client for limits.
 *
 * An IPv4 address is one client. Of IPv6 a whole /64 is, since its holder may use any address in it.
 */
import { addressOctets, formatAddress, unmapped } from '../runtime/networks.js';

const PREFIX_OCTETS = 8;

/** The key under which limits count the client with this literal address. */
export function clientKey(address: string): string {
  if (!address.includes(':')) return address;
  const zoneAt = address.indexOf('%'); // a link-local client carries its interface
  const octets = addressOctets(zoneAt < 0 ? address : address.slice(0, zoneAt));
  if (!octets) return address;
  const plain = unmapped(octets);
  if (plain.length === 4) return formatAddress(plain);
  return `${formatAddress(octets.map((octet, i) => (i < PREFIX_OCTETS ? octet : 0)))}/64`;
}
