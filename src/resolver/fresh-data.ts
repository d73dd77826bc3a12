/**
 * What the resolution under way has learnt itself.
 *
 * A response may hold several links of an alias chain, or records with a TTL of 0: they may serve the query
 * that fetched them and nothing else (RFC 1035 3.2.1). Lives as long as the client query.
 */
import type { Name } from '../dns/name.js';
import type { Link } from './link.js';

export class FreshData {
  private readonly links: Learnt[] = [];

  get(name: Name, type: number): Link | undefined {
    // The latest counts. There are as many as an alias chain has links, so this is cheaper than a Map.
    for (let i = this.links.length - 1; i >= 0; i--) {
      const learnt = this.links[i]!;
      if (learnt.type === type && learnt.name === name) return learnt.link;
    }
    return undefined;
  }

  put(name: Name, type: number, link: Link): void {
    this.links.push({ name, type, link });
  }
}

interface Learnt {
  readonly name: Name;
  readonly type: number;
  readonly link: Link;
}
