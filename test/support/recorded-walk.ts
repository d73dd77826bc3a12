/** Walks over the mock internet of zones/, recorded in virtual time without sockets. */
import { fileURLToPath } from 'node:url';
import type { Internet } from '../../src/authority/internet.js';
import { loadInternet } from '../../src/authority/load.js';
import { type Recorded, type RecordingGround, recordWalk } from '../../src/compose/recording/record-walk.js';
import { parseConfig } from '../../src/config/load.js';
import { type Clock, VirtualClock } from '../../src/runtime/clock.js';
import { type Random, seededRandom } from '../../src/runtime/random.js';
import type { Upstream } from '../../src/transport/upstream.js';
import { question } from './scenario-net.js';

const zonesDir = fileURLToPath(new URL('../../zones', import.meta.url));
let loaded: Internet | undefined;

/** Loaded once for all walks of a file. */
export function zonesInternet(): Internet {
  loaded ??= loadInternet(zonesDir, { port: 53 }).internet;
  if (!loaded) throw new Error('zones/ cannot be loaded');
  return loaded;
}

export interface WalkOptions {
  /** YAML. */
  readonly config?: string;
  readonly startMs?: number;
  readonly seed?: number;
  readonly internet?: Internet;
}

export function recordOver(name: string, type = 'A', options: WalkOptions = {}): Promise<Recorded> {
  const internet = options.internet ?? zonesInternet();
  const clock = new VirtualClock(options.startMs);
  const random = seededRandom(options.seed ?? 1);
  const { rootHints, port, trustAnchors } = internet;
  const ground: RecordingGround = {
    clock,
    random,
    open: (tap) => distant(internet.upstream(clock, random, tap), clock, seededRandom(options.seed ?? 1)),
    mock: { rootHints, port, trustAnchors },
  };
  const config = parseConfig(options.config ?? '', 'test');
  return clock.runUntil(recordWalk(ground, config, question(name, type), 'test'));
}

/** Each exchange takes 1 to 9 ms more: on no network do several end in no time at all. */
function distant(upstream: Upstream, clock: Clock, random: Random): Upstream {
  return {
    exchange: async (query) => {
      const moreMs = 1 + random.below(8000) / 1000;
      const result = await upstream.exchange(query);
      await new Promise<void>((resolve) => void clock.after(moreMs, resolve));
      return result.kind === 'response'
        ? { ...result, rttMs: result.rttMs + moreMs }
        : { ...result, afterMs: result.afterMs + moreMs };
    },
    close: () => upstream.close(),
  };
}
