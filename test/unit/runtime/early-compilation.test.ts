import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { compileEarly } from '../../../src/runtime/early-compilation.js';

function flagsFor(version: string): string[] {
  const flags: string[] = [];
  compileEarly(version, (flag) => flags.push(flag));
  return flags;
}

describe('compileEarly', () => {
  it('sets a flag that the V8 of Node 20 knows', () => {
    const flags = flagsFor('11.3.244.8-node.38');
    expect(flags).toEqual(['--ticks-before-optimization=1']);
    if (!process.versions.v8.startsWith('11.3.')) return;
    const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
    expect(known).toContain('--ticks-before-optimization ');
  });

  it.each(['12.4.254.21-node.33', '13.6.233.10-node.28', '11.30.1', '1.11.3.4'])(
    'leaves V8 %s alone, which may not know the flag and would say so',
    (version) => {
      expect(flagsFor(version)).toEqual([]);
    },
  );
});
