/** Reads data that lives beside the repository; tests that need it are skipped, with a reason, without it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../../shared/data');

export function hasSharedData(path: string): boolean {
  return existsSync(join(root, path));
}

export function sharedPath(path: string): string {
  return join(root, path);
}

export function readShared(path: string): string {
  return readFileSync(sharedPath(path), 'utf8');
}
