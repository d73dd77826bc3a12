/**
 * The dnstap of one thread, as the configuration wants it.
 */
import { hostname } from 'node:os';
import { Dnstap, tapPath } from '../observe/dnstap/tap.js';
import type { Clock } from '../runtime/clock.js';
import type { StackOptions } from './stack-options.js';

/** Undefined: none is wanted. */
export function makeTap({ config, log, version, place }: StackOptions, clock: Clock): Dnstap | undefined {
  const { path } = config.dnstap;
  if (path === null) return undefined;
  const at = tapPath(path, place?.index ?? 0);
  return new Dnstap({ path: at, identity: hostname(), version: `stratadns ${version}`, clock, log });
}
