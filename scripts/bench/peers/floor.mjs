// @ts-check
/**
 * The floor: a C program that answers each packet without looking at it, in batches (floor.c). What it costs is what the
 * kernel costs; no server on this machine with the same socket calls can be cheaper.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runToEnd } from '../processes.mjs';

const source = fileURLToPath(new URL('../floor.c', import.meta.url));

/** @type {import('./index.mjs').Peer} */
export const floor = {
  id: 'floor',
  title: 'floor (C echo)',
  kind: 'floor',
  versionCommand: ['gcc', '-dumpfullversion'],
  versionPattern: /([0-9.]+)/,
  async prepare({ directory, address, port }) {
    const binary = join(directory, 'floor');
    const { code, stderr } = await runToEnd(['gcc', '-O2', '-Wall', '-o', binary, source], {
      timeoutMs: 60000,
    });
    if (code !== 0) throw new Error(`cannot compile floor.c: ${stderr.trim()}`);
    return [binary, address, String(port)];
  },
};
