/**
 * What a resolver stands on: the network and the machine's time, or a mock internet and its own.
 */
import type { Name } from '../../dns/name.js';
import { type Clock, systemClock } from '../../runtime/clock.js';
import { type Random, secureRandom } from '../../runtime/random.js';
import { NetworkUpstream } from '../../transport/network-upstream.js';
import type { Upstream } from '../../transport/upstream.js';
import type { MockRoot } from '../mock-internet.js';

export interface Ground {
  readonly clock: Clock;
  readonly random: Random;
  readonly upstream: Upstream;
  /** Replaces root hints and port. */
  readonly mock?: MockRoot;
  /** True for names that exist here though they are special elsewhere. */
  serves(name: Name): boolean;
  /** Lets time pass until `work` is done, where time stands still by itself. */
  run<T>(work: Promise<T>): Promise<T>;
  /** Ends the connection between the two. */
  detach(): void;
}

/** Something that a resolver can be put on. `createInternet` makes one. */
export interface ResolvableInternet {
  /** @param forget called with a name when all that hangs below it has changed */
  ground(forget: (name: Name) => void): Ground;
}

export const realInternet: ResolvableInternet = {
  ground: () => {
    const clock = systemClock;
    const random = secureRandom();
    const upstream = new NetworkUpstream({ clock, random });
    return { clock, random, upstream, serves: () => false, run: (work) => work, detach: () => {} };
  },
};
