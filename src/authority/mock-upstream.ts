/**
 * Reaches the mock internet without sockets: the `Upstream` of scenarios, tests and the testing library.
 *
 * Everything but the socket is as on the network: real packets, the matching rules of transport/, faults, and
 * delays in the time of the clock, so that with a virtual clock a timeout costs nothing.
 * Limitations: the endpoint's port is not looked at; where no server is, a query ends as connection-refused,
 * as a closed port of a machine does.
 */
import type { CancelTimer, Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import type { UpstreamFault } from '../runtime/trace.js';
import { Exchange } from '../transport/exchange.js';
import { prepareQuery } from '../transport/outgoing-query.js';
import type { Upstream, UpstreamQuery, UpstreamResult } from '../transport/upstream.js';
import { UpstreamCounters } from '../transport/upstream-counters.js';
import type { UpstreamTap } from '../transport/upstream-tap.js';
import type { ReachableServer } from './server.js';

/** Where the servers are; the Internet is one. */
export interface ServerDirectory {
  serverAt(address: string): ReachableServer | undefined;
}

export class MockUpstream implements Upstream {
  readonly counters = new UpstreamCounters();
  readonly open = new Set<MockExchange>();
  private closed = false;

  constructor(
    private readonly directory: ServerDirectory,
    readonly clock: Clock,
    private readonly random: Random,
    readonly tap?: UpstreamTap,
  ) {}

  exchange(query: UpstreamQuery): Promise<UpstreamResult> {
    return new Promise((resolve) => {
      const exchange = new MockExchange(this, query, resolve);
      this.open.add(exchange);
      if (this.closed) exchange.fail('connection-closed');
      else exchange.send(this.directory.serverAt(query.endpoint.address), this.random);
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const exchange of [...this.open]) exchange.fail('connection-closed');
  }
}

class MockExchange extends Exchange {
  private readonly onTheWay: CancelTimer[] = [];

  constructor(
    private readonly owner: MockUpstream,
    query: UpstreamQuery,
    resolve: (result: UpstreamResult) => void,
  ) {
    super(query, owner.clock, owner.counters, resolve, owner.tap);
  }

  send(server: ReachableServer | undefined, random: Random): void {
    const { transport } = this.query;
    const outgoing = prepareQuery(this.query, random.uint16(), random);
    this.markSent(outgoing);
    if (!server || (transport === 'tcp' && !server.takesTcp)) {
      this.fail('connection-refused');
      return;
    }
    server.deliver(outgoing.wire, transport, random, (packet, delayMs) => {
      const arrive = () => this.receive(packet, outgoing);
      if (delayMs > 0) this.onTheWay.push(this.owner.clock.after(delayMs, arrive));
      else arrive();
    });
  }

  protected override expiryFault(): UpstreamFault {
    return 'timeout';
  }

  protected override release(): void {
    for (const cancel of this.onTheWay) cancel();
    this.owner.open.delete(this);
  }
}
