/**
 * Is our own network down?
 *
 * When no server anywhere answers, the fault is here: penalties for servers and failure caching would
 * outlast the outage (a well-known complaint about resolvers), so both freeze until one server answers.
 */

/** Timeouts since the last response, from that many different addresses, mean that we are offline. */
const SILENT_ADDRESSES = 4;

export class NetworkHealth {
  private readonly silent = new Set<string>();

  get offline(): boolean {
    return this.silent.size >= SILENT_ADDRESSES;
  }

  noteResponse(): void {
    if (this.silent.size > 0) this.silent.clear();
  }

  noteSilence(address: string): void {
    if (this.silent.size < SILENT_ADDRESSES) this.silent.add(address);
  }
}
