/**
 * The operator's views and client rules as the fast lane needs them: which view a packet's client is in, and which clients
 * are for the pipeline.
 *
 * A client that rules speak about by its address gets answers of its own, which the lane does not have. Made only where there
 * is a view or such a rule; without, a packet costs one branch.
 */
import { NetworkSet } from '../runtime/networks.js';
import type { FastPacket } from '../transport/fast-lane.js';
import { ClientNetworks } from './client-networks.js';
import type { ServerSettings } from './settings.js';

export class LaneViews {
  private readonly views: readonly ClientNetworks[];
  private readonly names: readonly string[];
  private readonly judged: ClientNetworks;
  /** By view; 0 is for clients in none. */
  private readonly counts: Uint32Array;

  private constructor({ views = [], policy }: ServerSettings) {
    const policies = [policy, ...views.map((view) => view.policy)];
    this.views = views.map((view) => new ClientNetworks(view.clients));
    this.names = views.map((view) => view.name);
    this.judged = new ClientNetworks(new NetworkSet(policies.flatMap((one) => one?.clientNetworks ?? [])));
    this.counts = new Uint32Array(views.length + 1);
  }

  /** Undefined where all clients are the same. */
  static of(settings: ServerSettings): LaneViews | undefined {
    const judges = settings.policy?.judgesClients === true;
    return judges || settings.views !== undefined ? new LaneViews(settings) : undefined;
  }

  /** The number of the client's view, 0 for none; -1 for a client that is for the pipeline. */
  of({ client, clientStart }: FastPacket): number {
    if (this.judged.has(client, clientStart)) return -1;
    const { views } = this;
    for (let i = 0; i < views.length; i++) if (views[i]!.has(client, clientStart)) return i + 1;
    return 0;
  }

  count(view: number): void {
    this.counts[view]!++;
  }

  /** Tells how many were answered in each view since the last call. */
  flush(tell: (view: string, count: number) => void): void {
    for (const [i, name] of this.names.entries()) {
      const count = this.counts[i + 1]!;
      if (count > 0) tell(name, count);
    }
    this.counts.fill(0);
  }
}
