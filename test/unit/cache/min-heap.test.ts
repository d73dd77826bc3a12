import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HeapItem, MinHeap } from '../../../src/cache/eviction/min-heap.js';

function leastOf(items: readonly HeapItem[]): HeapItem | undefined {
  return items.reduce<HeapItem | undefined>((a, b) => (a && a.weight <= b.weight ? a : b), undefined);
}

describe('the heap of eviction policies', () => {
  it('has the least weight on top, the older of equals first, whatever is moved and removed', () => {
    const step = fc.record({
      op: fc.constantFrom('push' as const, 'push' as const, 'reweigh' as const, 'remove' as const),
      which: fc.nat(50),
      weight: fc.nat(60),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const heap = new MinHeap<HeapItem>();
        let model: HeapItem[] = []; // in the order in which weights were given
        for (const { op, which, weight } of steps) {
          const item = model[which % Math.max(1, model.length)];
          if (op === 'push' || item === undefined) {
            const added = { weight, order: 0, place: 0 };
            heap.push(added);
            model.push(added);
          } else {
            model = model.filter((other) => other !== item);
            if (op === 'remove') heap.remove(item);
            else {
              heap.reweigh(item, weight);
              model.push(item);
            }
          }
          expect(heap.top()).toBe(leastOf(model));
        }
        while (model.length > 0) {
          const least = leastOf(model)!;
          expect(heap.top()).toBe(least);
          heap.remove(least);
          model = model.filter((other) => other !== least);
        }
        expect(heap.top()).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });
});
