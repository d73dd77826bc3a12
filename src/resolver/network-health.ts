/**
 * Is our own network down?
 *
 * When no server anywhere answers, the fault is here: penalties for servers and failure caching would
 * outlast the outage (a well-known complaint about resolvers), so both freeze until one server answers.
 * The silence of one zone is not that, however many servers it has: whoever owns it could switch failure
 * caching off.
 */
import { type Name, ROOT } from '../dns/name.js';

/** Timeouts since the last response, from that many different addresses, mean that we are offline. */
const SILENT_ADDRESSES = 4;
/** They have to belong to that many zones, or to the root. */
const SILENT_ZONES = 2;

export class NetworkHealth {
  private readonly silent = new Set<string>();
  private readonly zones = new Set<Name>();

  get offline(): boolean {
    if (this.silent.size < SILENT_ADDRESSES) return false;
    return this.zones.size >= SILENT_ZONES || this.zones.has(ROOT);
  }

  noteResponse(): void {
    if (this.silent.size === 0) return;
    this.silent.clear();
    this.zones.clear();
  }

  noteSilence(address: string, zone: Name): void {
    if (this.silent.size < SILENT_ADDRESSES) this.silent.add(address);
    if (this.zones.size < SILENT_ZONES || zone === ROOT) this.zones.add(zone);
  }
}
