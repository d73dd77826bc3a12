/**
 * The door to C libraries inside this process: koffi, an optional dependency.
 *
 * Only this file imports it. transport/native/libc.ts calls the C library through it, dnssec/libcrypto.ts OpenSSL; both
 * take another way when `loadKoffi()` gives undefined. Linux only, where both have been tried.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type koffi from 'koffi';

export type Koffi = typeof koffi;

const RTLD_NOW = 2;
const RTLD_NODELETE = 0x1000;

let loaded: Koffi | undefined | null;

/** The package as this thread has it; undefined where it is not installed or not for this platform. */
export function loadKoffi(): Koffi | undefined {
  if (loaded === undefined) loaded = open() ?? null;
  return loaded ?? undefined;
}

function open(): Koffi | undefined {
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) return undefined;
  try {
    const ffi = createRequire(import.meta.url)('koffi') as Koffi;
    pin(ffi);
    return ffi;
  } catch {
    return undefined;
  }
}

/**
 * Keeps koffi's code in memory until the process ends. When the last thread that loaded it goes, Node would
 * unload it, while the closing of watches is still to be finished by that code: a crash of the process.
 */
function pin(ffi: Koffi): void {
  const path = /\S*koffi\S*\.node$/m.exec(readFileSync('/proc/self/maps', 'latin1'))?.[0];
  if (path === undefined) throw new Error('koffi is not where it should be');
  ffi.load(null).func('void *dlopen(const char *, int)')(path, RTLD_NOW | RTLD_NODELETE);
}
