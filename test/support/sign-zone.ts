/** Signs zone texts with BIND's tools, for tests that need a correct chain of NSEC or NSEC3 made by others. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Denial = 'nsec' | 'nsec3' | 'nsec3-opt-out';

export function hasSigner(): boolean {
  return spawnSync('dnssec-signzone', ['-V']).error === undefined;
}

const denialFlags: Readonly<Record<Denial, readonly string[]>> = {
  nsec: [],
  nsec3: ['-3', 'aabbccdd', '-H', '5'],
  'nsec3-opt-out': ['-3', '-', '-H', '0', '-A'],
};

/** @returns the signed zone as a master file; keys are new each time */
export function signZone(apex: string, text: string, denial: Denial): string {
  const directory = mkdtempSync(join(tmpdir(), 'sign-test-'));
  try {
    const input = join(directory, 'zone');
    const output = join(directory, 'zone.signed');
    writeFileSync(input, text);
    const key = ['-q', '-K', directory, '-a', 'ECDSAP256SHA256'];
    execFileSync('dnssec-keygen', [...key, '-f', 'KSK', apex], { stdio: 'pipe' });
    execFileSync('dnssec-keygen', [...key, apex], { stdio: 'pipe' });
    const flags = ['-S', '-K', directory, '-d', directory, '-o', apex, '-f', output, ...denialFlags[denial]];
    execFileSync('dnssec-signzone', [...flags, input], { stdio: 'pipe' });
    return readFileSync(output, 'latin1');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
