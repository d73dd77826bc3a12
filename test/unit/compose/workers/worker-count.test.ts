import { describe, expect, it } from 'vitest';
import { workerCount } from '../../../../src/compose/workers/worker-count.js';

const machine = { cores: 4, quota: undefined, sharesPorts: true };

describe('the number of workers', () => {
  it('is what is configured, whatever the machine', () => {
    expect(workerCount(9, { ...machine, cores: 2 })).toBe(9);
  });

  it('is one for each core with auto, up to 16', () => {
    expect(workerCount('auto', machine)).toBe(4);
    expect(workerCount('auto', { ...machine, cores: 64 })).toBe(16);
  });

  it('is one where threads cannot share a port', () => {
    expect(workerCount('auto', { ...machine, sharesPorts: false })).toBe(1);
  });

  it.each([
    ['max 100000\n', 4],
    ['250000 100000\n', 2],
    ['50000 100000\n', 1],
    ['800000 100000\n', 4],
    ['junk', 4],
    ['', 4],
  ])('with the quota %j is %i on four cores', (quota, count) => {
    expect(workerCount('auto', { ...machine, quota })).toBe(count);
  });
});
