import { describe, expect, it } from 'vitest';
import { PolicyFileError } from '../../../../src/compose/policy/load.js';
import { errorOf, failureOf, portionOf, WorkerError } from '../../../../src/compose/workers/protocol.js';
import { defaultConfig, parseConfig } from '../../../../src/config/load.js';
import { ListenError } from '../../../../src/transport/listener.js';

const config = parseConfig(
  `
listen: ["127.0.0.1:53", "[::1]:53"]
access: { allow: [192.0.2.0/24, "2001:db8::/32"] }
forward: [{ zone: corp.example., servers: ["192.0.2.1@53"] }]
cache: { stub: { size: 10MiB }, resolver: { size: 30MiB }, negative: { size: 3MiB } }
`,
  'test',
);

describe('a configuration', () => {
  it.each([
    ['of defaults', defaultConfig()],
    ['with names, networks and servers', config],
  ])('%s comes to a worker as it is', (_, sent) => {
    expect(structuredClone(sent)).toEqual(sent);
  });

  it('gives each worker its part of the memory, and nothing else another value', () => {
    const part = portionOf(config, 3);
    expect(part.cache.resolver.sizeOctets).toBe(10 * 1024 * 1024);
    expect(part.cache.negative.sizeOctets).toBe(1024 * 1024);
    expect(part.cache.stub.sizeOctets * 3).toBeLessThanOrEqual(config.cache.stub.sizeOctets);
    const { resolver, negative, stub } = config.cache;
    expect({ ...part, cache: { ...part.cache, resolver, negative, stub } }).toEqual(config);
  });
});

describe('an error of a worker', () => {
  const sent = (error: unknown) => errorOf(structuredClone(failureOf(error)));

  it('that says what cannot be opened arrives as that', () => {
    const error = new ListenError('EADDRINUSE', 'tcp', '192.0.2.1', 53);
    const arrived = sent(error);
    expect(arrived).toBeInstanceOf(ListenError);
    expect(arrived).toMatchObject({ code: 'EADDRINUSE', transport: 'tcp', message: error.message });
  });

  it('about files of the policy arrives as that', () => {
    const arrived = sent(new PolicyFileError('list.txt cannot be read'));
    expect(arrived).toBeInstanceOf(PolicyFileError);
    expect(arrived.message).toBe('list.txt cannot be read');
  });

  it('of any other kind keeps its message, and its code if it has one', () => {
    expect(sent(new Error('why'))).toMatchObject({ code: 'WORKER_FAILED', message: 'why' });
    expect(sent(Object.assign(new Error('why'), { code: 'EIO' }))).toMatchObject({ code: 'EIO' });
    expect(sent('only text')).toBeInstanceOf(WorkerError);
  });
});
