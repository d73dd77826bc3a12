/**
 * Who sees every packet to and from servers, for dnstap. Without one nothing is copied and nothing is counted.
 *
 * What comes back is shown before it is judged, so that forged and broken packets are seen as well.
 */
import type { UpstreamQuery } from './upstream.js';

export interface UpstreamTap {
  sent(query: UpstreamQuery, wire: Buffer): void;
  /**
   * @param packet valid during the call only
   * @param sentMs when its query went out, monotonic
   */
  received(query: UpstreamQuery, packet: Buffer, sentMs: number): void;
}
