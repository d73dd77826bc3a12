import { describe, expect, it } from 'vitest';
import { InfraCache } from '../../../src/cache/infra-cache.js';
import { parseName } from '../../../src/dns/name.js';
import { VirtualClock } from '../../../src/runtime/clock.js';

const address = '192.0.2.53';

describe('the infrastructure cache', () => {
  it('makes a state on the first look and gives the same one from then on', () => {
    const infra = new InfraCache({ clock: new VirtualClock() });
    expect(infra.peek(address)).toBeUndefined();
    const state = infra.state(address);
    expect(state).toMatchObject({ address, srttMs: undefined, ednsOk: 'unknown', timeoutsInRow: 0 });
    state.srttMs = 12;
    expect(infra.state(address).srttMs).toBe(12);
    expect(infra.peek(address)).toBe(state);
    expect([...infra.entries()]).toEqual([state]);
  });

  it('starts anew after 15 minutes without a look, so that no penalty lasts', async () => {
    const clock = new VirtualClock();
    const infra = new InfraCache({ clock });
    infra.state(address).timeoutsInRow = 9;
    await clock.advance(899_999);
    expect(infra.state(address).timeoutsInRow).toBe(9);
    await clock.advance(899_999);
    expect(infra.state(address).timeoutsInRow).toBe(9);
    await clock.advance(900_000);
    expect(infra.peek(address)).toBeUndefined();
    expect(infra.state(address).timeoutsInRow).toBe(0);
  });

  it('does not care when the date jumps', () => {
    const clock = new VirtualClock();
    const infra = new InfraCache({ clock });
    infra.state(address).srttMs = 12;
    clock.jumpWall(1e10);
    expect(infra.state(address).srttMs).toBe(12);
  });

  it('holds no more servers than it may, and drops the one used longest ago', () => {
    const infra = new InfraCache({ clock: new VirtualClock(), maxServers: 100 });
    infra.state(address).srttMs = 12;
    for (let i = 0; i < 250; i++) {
      infra.state(`198.51.100.${i}`);
      infra.state(address);
    }
    expect(infra.stats()).toMatchObject({ entries: 100, evictions: 151 });
    expect(infra.state(address).srttMs).toBe(12);
    expect(infra.peek('198.51.100.0')).toBeUndefined();
  });

  it('sweeps idle servers, forgets one, and clears all', async () => {
    const clock = new VirtualClock();
    const infra = new InfraCache({ clock });
    for (let i = 0; i < 10; i++) infra.state(`198.51.100.${i}`);
    await clock.advance(900_000);
    for (let i = 10; i < 13; i++) infra.state(`198.51.100.${i}`);
    expect(infra.sweep(100)).toBe(10);
    expect(infra.forget('198.51.100.10')).toBe(true);
    expect(infra.forget('198.51.100.10')).toBe(false);
    expect(infra.clear()).toBe(2);
    expect(infra.stats()).toMatchObject({ entries: 0, expirations: 10, purged: 3 });
  });

  it('remembers lame zones, 16 at most, and drops the one that ends first', () => {
    const { lameZones } = new InfraCache({ clock: new VirtualClock() }).state(address);
    lameZones.set(parseName('first.'), 1);
    for (let i = 0; i < 16; i++) lameZones.set(parseName(`n${i}.`), 100 + i);
    expect(lameZones.size).toBe(16);
    expect(lameZones.has(parseName('first.'))).toBe(false);
    lameZones.set(parseName('n3.'), 999);
    expect(lameZones.size).toBe(16);
    expect(lameZones.get(parseName('n3.'))).toBe(999);
  });
});
