import { expect, it } from 'vitest';
import { ServerState } from '../../../src/cache/server-state.js';

const MINUTE = 60_000;

it.each([
  ['no EDNS', { ednsOk: 'no' } as const],
  ['a changed letter case', { caseBroken: true } as const],
])('what %s made us do ends after 15 minutes, however busy the server is', (_what, weakness) => {
  const state = new ServerState('192.0.2.53', 0);
  Object.assign(state, weakness);
  for (let now = MINUTE; now < 16 * MINUTE; now += MINUTE) state.forgetWeakness(now);
  expect(state.ednsOk === 'no' || state.caseBroken).toBe(true);
  state.forgetWeakness(16 * MINUTE);
  expect(state).toMatchObject({ ednsOk: 'unknown', ednsFailures: 0, caseBroken: false });
});

it('each weakness has its 15 minutes anew', () => {
  const state = new ServerState('192.0.2.53', 0);
  state.caseBroken = true;
  state.forgetWeakness(MINUTE);
  state.caseBroken = false;
  state.forgetWeakness(2 * MINUTE);
  state.caseBroken = true;
  state.forgetWeakness(10 * MINUTE);
  state.forgetWeakness(17 * MINUTE);
  expect(state.caseBroken).toBe(true);
});
