/**
 * What the resolution under way has learnt itself.
 *
 * A response may hold several links of an alias chain, or records with a TTL of 0: they may serve the query
 * that fetched them and nothing else (RFC 1035 3.2.1). Lives as long as the client query.
 */
import type { Name } from '../dns/name.js';
import type { Link } from './link.js';

export class FreshData {
  private readonly links = new Map<string, Link>();

  get(name: Name, type: number): Link | undefined {
    return this.links.get(key(name, type));
  }

  put(name: Name, type: number, link: Link): void {
    this.links.set(key(name, type), link);
  }
}

function key(name: Name, type: number): string {
  return `${type} ${name}`;
}
