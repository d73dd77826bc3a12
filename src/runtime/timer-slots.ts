/**
 * Many deadlines on one timer of the runtime.
 *
 * A query sets two or three deadlines and meets none of them, and a timer of the runtime per deadline costs more than the
 * decoding of the response. Here a deadline is a node in the list of its slot of 4 ms: setting and cancelling one touches
 * two neighbours, and only the nearest slot is known to the runtime.
 * Limitations: a deadline is met up to one slot late, never early. Deadlines of one slot are met in the order they were set.
 */

/** Arms the runtime's one timer anew; returns how to disarm it. */
export type ArmTimer = (delayMs: number, fire: () => void) => () => void;

const SLOT_MS = 4;
/** What a timer of the runtime can wait; it takes more for nothing. */
const MAX_DELAY_MS = 2 ** 31 - 1;

class Deadline {
  previous: Deadline = this;
  next: Deadline = this;

  constructor(
    readonly slot: number,
    public fn: (() => void) | undefined,
  ) {}

  unlink(): void {
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.previous = this;
    this.next = this;
  }
}

export class TimerSlots {
  /** Ring heads by slot; a slot with nothing to meet is not here. */
  private readonly slots = new Map<number, Deadline>();
  private armedSlot = Number.POSITIVE_INFINITY;
  private disarm: () => void = () => {};

  constructor(
    private readonly nowMs: () => number,
    private readonly arm: ArmTimer,
  ) {}

  /** Calls `fn` once after at least `ms`. Returns how to cancel it. */
  after(ms: number, fn: () => void): () => void {
    const slot = Math.ceil((this.nowMs() + Math.max(0, ms)) / SLOT_MS);
    const deadline = new Deadline(slot, fn);
    this.enter(deadline);
    if (slot < this.armedSlot) this.armFor(slot);
    return () => this.cancel(deadline);
  }

  private enter(deadline: Deadline): void {
    let head = this.slots.get(deadline.slot);
    if (head === undefined) {
      head = new Deadline(deadline.slot, undefined);
      this.slots.set(deadline.slot, head);
    }
    deadline.previous = head.previous;
    deadline.next = head;
    head.previous.next = deadline;
    head.previous = deadline;
  }

  private cancel(deadline: Deadline): void {
    if (deadline.fn === undefined) return;
    deadline.fn = undefined;
    deadline.unlink();
    const head = this.slots.get(deadline.slot);
    if (head !== undefined && head.next === head) this.slots.delete(deadline.slot);
  }

  private armFor(slot: number): void {
    this.disarm();
    this.armedSlot = slot;
    const delayMs = Math.min(MAX_DELAY_MS, Math.max(0, slot * SLOT_MS - this.nowMs()));
    this.disarm = this.arm(delayMs, this.fire);
  }

  private readonly fire = (): void => {
    this.armedSlot = Number.POSITIVE_INFINITY;
    const current = Math.floor(this.nowMs() / SLOT_MS);
    const due = [...this.slots.keys()].filter((slot) => slot <= current).sort((a, b) => a - b);
    try {
      for (const slot of due) this.meet(slot);
    } finally {
      this.armNext();
    }
  };

  private meet(slot: number): void {
    const head = this.slots.get(slot);
    while (head !== undefined && head.next !== head) {
      const { next } = head;
      const { fn } = next;
      this.cancel(next);
      fn!();
    }
  }

  private armNext(): void {
    let nearest = Number.POSITIVE_INFINITY;
    for (const slot of this.slots.keys()) if (slot < nearest) nearest = slot;
    if (nearest < this.armedSlot) this.armFor(nearest);
  }
}
