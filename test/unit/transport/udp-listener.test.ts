import { afterEach, describe, expect, it } from 'vitest';
import type { Listener } from '../../../src/transport/listener.js';
import { loadLibc } from '../../../src/transport/native/libc.js';
import { openUdpListener } from '../../../src/transport/udp-listener.js';
import { UdpClient } from '../../support/udp-listener-contract.js';

describe('openUdpListener', () => {
  let listener: Listener | undefined;
  let client: UdpClient | undefined;
  afterEach(async () => {
    client?.close();
    await listener?.close();
    client = undefined;
    listener = undefined;
  });

  it.each([
    ['auto', loadLibc() ? 'fast' : 'slow'],
    [false, 'slow'],
  ] as const)('with native %s answers from the %s lane', async (native, lane) => {
    listener = await openUdpListener(
      {
        address: '127.0.0.1',
        port: 0,
        native,
        fastLane: (packet) => packet.response.write('fast', packet.responseStart),
      },
      (_packet, _client, reply) => reply(Buffer.from('slow')),
    );
    client = await UdpClient.open();
    client.send('x', listener.port);
    expect(await client.until(1)).toEqual([lane]);
  });

  it.runIf(process.platform === 'linux' && process.arch === 'x64')(
    'has batched system calls on Linux, since koffi is installed for development',
    () => {
      expect(loadLibc()).toBeDefined();
    },
  );
});
