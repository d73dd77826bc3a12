/**
 * Stage 6, only where the operator has views: whose rules hold for this client? The first view that has its address
 * decides; its rules stand in the place of everybody's.
 */
import type { Exchange, Stage, Verdict } from '../exchange.js';
import type { View } from '../settings.js';

export class ViewStage implements Stage {
  readonly name = 'view';

  constructor(private readonly views: readonly View[]) {}

  run(exchange: Exchange): Verdict {
    const { address } = exchange.client;
    exchange.view = this.views.find((view) => view.clients.hasClient(address));
    return 'next';
  }
}
