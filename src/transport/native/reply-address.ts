/**
 * Where a reply goes: for as long as the handler runs, in the memory where the query stands; a copy after that, since
 * that memory takes other packets.
 */
import type { PacketPlace } from './held-packets.js';
import { CONTROL_WORDS, NAME_WORDS } from './packet-batch.js';

export class ReplyAddress {
  /** False once a reply was given. */
  open = true;
  names: Uint32Array;
  nameAt: number;
  control: Uint32Array;
  controlAt: number;
  readonly controlLength: number;

  constructor(place: PacketPlace) {
    this.names = place.nameWords;
    this.nameAt = place.nameAt;
    this.control = place.controlWords;
    this.controlAt = place.controlAt;
    this.controlLength = place.controlLength;
  }

  /** Copies it. */
  detach(): void {
    this.names = this.names.slice(this.nameAt, this.nameAt + NAME_WORDS);
    this.nameAt = 0;
    if (this.controlLength === 0) return;
    this.control = this.control.slice(this.controlAt, this.controlAt + CONTROL_WORDS);
    this.controlAt = 0;
  }
}
