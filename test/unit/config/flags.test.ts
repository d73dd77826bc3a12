import { describe, expect, it } from 'vitest';
import { withFlags } from '../../../src/config/flags.js';
import { defaultConfig, parseConfig } from '../../../src/config/load.js';

describe('flags', () => {
  it('win over the file, and leave the rest alone', () => {
    const config = withFlags(parseConfig('workers: 2\nhttp: { enabled: false, token: t }', 'f'), {
      listen: ['127.0.0.1:0', '[::1]:5300'],
      http: '127.0.0.2:9000',
      workers: '3',
    });
    expect(config.listen).toEqual([
      { address: '127.0.0.1', port: 0 },
      { address: '::1', port: 5300 },
    ]);
    expect(config.http).toEqual({ enabled: true, address: '127.0.0.2', port: 9000, token: 't' });
    expect(config.workers).toBe(3);
    expect(config.cache).toEqual(defaultConfig().cache);
  });

  it('that are not given change nothing', () => {
    expect(withFlags(defaultConfig(), { listen: [] })).toEqual(defaultConfig());
  });

  it.each([
    [{ listen: ['127.0.0.1'] }, '--listen: expected ADDRESS:PORT'],
    [{ listen: ['localhost:53'] }, '--listen: expected ADDRESS:PORT'],
    [{ listen: ['127.0.0.1:66000'] }, 'port must be from 0 to 65535'],
    [{ listen: ['::1:53:5300'] }, '--listen:'],
    [{ workers: '0' }, '--workers: expected auto, or a whole number from 1 to 256; got 0'],
    [{ workers: 'many' }, '--workers:'],
    [{ http: 'x:1' }, '--http:'],
    [{ listen: ['127.0.0.1:9000'], http: '127.0.0.1:9000' }, 'command line: http.port: is taken by listen'],
  ])('%j is an error that names the flag', (flags, message) => {
    expect(() => withFlags(defaultConfig(), flags)).toThrow(message);
  });

  it('may use the default HTTP address as what it is', () => {
    expect(withFlags(defaultConfig(), { http: '127.0.0.1:8053' }).http.port).toBe(8053);
  });
});
