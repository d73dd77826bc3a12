import { describe, expect, it } from 'vitest';
import { InternetError } from '../../../src/authority/internet-error.js';
import { describeFailure } from '../../../src/cli/failure-text.js';
import { CliError } from '../../../src/cli/io.js';
import { ConfigError } from '../../../src/config/problems.js';
import { ListenError } from '../../../src/transport/listener.js';

describe('what a command throws', () => {
  it('is printed without a stack trace when it is no bug', () => {
    const system = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', syscall: 'open' });
    const cases: [Error, number][] = [
      [new CliError(1, 'no'), 1],
      [
        new ConfigError('CONFIG_INVALID', [
          { keyPath: 'workers', source: 'f', line: 1, column: 2, message: 'bad' },
        ]),
        2,
      ],
      [new ListenError('EADDRINUSE', 'udp', '127.0.0.1', 53), 1],
      [new InternetError('BIND_FAILED', 'no'), 1],
      [system, 1],
    ];
    for (const [error, exitCode] of cases)
      expect(describeFailure(error)).toEqual({ exitCode, message: error.message });
  });

  it('is called a bug, with its stack trace, otherwise', () => {
    const { exitCode, message } = describeFailure(new TypeError('x is not a function'));
    expect(exitCode).toBe(1);
    expect(message).toMatch(/bug in stratadns.*\nTypeError: x is not a function\n +at /);
    expect(describeFailure('text').message).toContain('text');
  });
});
