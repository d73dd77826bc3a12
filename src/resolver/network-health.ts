/**
 * Is our own network down, or its IPv6?
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

/** Addresses in a row that are silent or out of reach before IPv6 counts as broken. */
const BROKEN_AFTER = 3;
const BROKEN_FOR_MS = 60_000;

/**
 * Does IPv6 lead anywhere?
 *
 * Many networks have it in name only: packets are refused at once, or vanish. Without this each server of which
 * nothing is known would cost a time-out. Vanished packets count only while IPv4 answers, and any response over
 * IPv6 ends the matter; else one silent address prolongs it.
 */
export class Ipv6Health {
  private readonly silent = new Set<string>();
  private unreachable = 0;
  private ipv4Answers = false;
  private brokenUntilMs = 0;

  isBroken(nowMs: number): boolean {
    return this.brokenUntilMs > nowMs;
  }

  noteResponse(isIpv6: boolean, nowMs: number): void {
    if (isIpv6) {
      this.silent.clear();
      this.unreachable = 0;
      this.ipv4Answers = false;
      this.brokenUntilMs = 0;
    } else if (!this.ipv4Answers) {
      this.ipv4Answers = true;
      this.judge(nowMs);
    }
  }

  /** @param address an IPv6 address */
  noteFault(address: string, fault: 'timeout' | 'unreachable', nowMs: number): void {
    if (fault === 'unreachable') this.unreachable++;
    if (this.silent.size < BROKEN_AFTER) this.silent.add(address);
    this.judge(nowMs);
  }

  private judge(nowMs: number): void {
    const vanishes = this.ipv4Answers && this.silent.size >= BROKEN_AFTER;
    if (vanishes || this.unreachable >= BROKEN_AFTER) this.brokenUntilMs = nowMs + BROKEN_FOR_MS;
  }
}
