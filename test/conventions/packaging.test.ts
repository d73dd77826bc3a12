/** The files for operators are what they say: the unit is one that systemd takes, its configuration one that we take. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const unit = readFileSync(join(root, 'packaging/stratadns.service'), 'utf8');
const setting = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1];
const systemdMissing = spawnSync('systemd-analyze', ['--version']).status !== 0;

describe('packaging/stratadns.service', () => {
  it.skipIf(systemdMissing)('is a unit that systemd takes without a warning', () => {
    const folder = mkdtempSync(join(tmpdir(), 'stratadns-unit-'));
    const file = join(folder, 'stratadns.service');
    // The program is not installed where the tests run; any that is there stands for it.
    writeFileSync(file, unit.replaceAll('/usr/local/bin/stratadns', process.execPath));
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], {
      encoding: 'utf8',
    });
    rmSync(folder, { recursive: true });
    const ours = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('stratadns'));
    expect(ours).toEqual([]);
    expect(status).toBe(0);
  });

  it('keeps the caches in the one directory that it may write', () => {
    const config = loadConfig(join(root, 'packaging/stratadns.yaml'));
    expect(dirname(config.cache.persist.path!)).toBe(`/var/lib/${setting('StateDirectory')}`);
    expect(setting('ProtectSystem')).toBe('strict');
  });

  it('has port 53 and no other right of root', () => {
    expect(setting('DynamicUser')).toBe('yes');
    expect(setting('CapabilityBoundingSet')).toBe('CAP_NET_BIND_SERVICE');
    expect(setting('AmbientCapabilities')).toBe('CAP_NET_BIND_SERVICE');
    expect(setting('MemoryDenyWriteExecute')).toBeUndefined();
  });

  it('reloads by the signal that reloads, and does not restart what cannot be configured', () => {
    expect(setting('ExecReload')).toMatch(/kill -HUP/);
    expect(setting('RestartPreventExitStatus')).toBe('2');
    expect(setting('RestartForceExitStatus')).toBe('SIGHUP');
  });
});
