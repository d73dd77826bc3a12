/**
 * Who sees every packet from and to clients, for dnstap. Without one nothing is copied and nothing is counted.
 */
import type { ClientAddress } from '../transport/listener.js';

export interface ClientTap {
  /** @param packet valid during the call only */
  query(packet: Buffer, client: ClientAddress): void;
  /** @param startedMs when its query came, monotonic */
  response(wire: Buffer, client: ClientAddress, startedMs: number): void;
}
