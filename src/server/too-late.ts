/** When an answer is no longer sent. */
import type { Clock } from '../runtime/clock.js';
import type { Exchange } from './exchange.js';

/** True once a UDP client has surely gone. Hoarded answers are a weapon, too (DNSBomb, CVE-2024-33655). */
export function isTooLate(exchange: Exchange, clock: Clock): boolean {
  const tookMs = clock.monotonicMs() - exchange.startedMs;
  return exchange.client.transport === 'udp' && tookMs > exchange.settings.udpAnswerWithinMs;
}
