/** Starts NSD over given zones, for tests that compare our answers with those of another server. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { spawnGuarded } from './guarded-program.js';

export interface NsdZone {
  /** In presentation form, with the last dot. */
  readonly apex: string;
  readonly text: string;
}

const START_LIMIT_MS = 40_000;
const QUERY_LIMIT_MS = 20_000;
/** Questions under way at once; more would overflow socket buffers. */
const WINDOW = 64;

export function hasNsd(): boolean {
  return spawnSync('nsd', ['-v']).error === undefined;
}

/** Asks by UDP; rejects when no answer comes in time. */
export async function askUdp(
  port: number,
  packet: Buffer,
  limitMs = QUERY_LIMIT_MS,
  address = '127.0.0.1',
): Promise<Buffer> {
  const socket = createSocket('udp4');
  try {
    socket.connect(port, address);
    await once(socket, 'connect');
    const answer = once(socket, 'message', { signal: AbortSignal.timeout(limitMs) });
    socket.send(packet);
    const [message] = (await answer) as [Buffer];
    return message;
  } finally {
    socket.close();
  }
}

export class Nsd {
  private constructor(
    readonly port: number,
    private readonly process: ChildProcess,
    private readonly directory: string,
  ) {}

  static async start(zones: readonly NsdZone[]): Promise<Nsd> {
    const directory = mkdtempSync(join(tmpdir(), 'nsd-test-'));
    const port = await freePort();
    writeFileSync(join(directory, 'nsd.conf'), configuration(directory, port, zones));
    const child = spawnGuarded(['nsd', '-d', '-c', join(directory, 'nsd.conf')], { stdio: 'pipe' });
    let output = '';
    child.stderr!.on('data', (chunk) => {
      output += String(chunk);
    });
    const nsd = new Nsd(port, child, directory);
    // A query for the root's SOA as `ready?`: any answer will do.
    const probe = Buffer.from('000100000001000000000000' + '0000060001', 'hex');
    const deadline = AbortSignal.timeout(START_LIMIT_MS);
    for (;;) {
      const answered = await askUdp(port, probe, 200).then(
        () => true,
        () => false,
      );
      if (answered) return nsd;
      if (deadline.aborted || child.exitCode !== null) {
        await nsd.stop();
        throw new Error(`nsd did not start: ${output}`);
      }
    }
  }

  /** Asks many questions over one socket; IDs are set here. Answers come in the order of the questions. */
  async askAll(packets: readonly Buffer[]): Promise<Buffer[]> {
    const socket = createSocket('udp4');
    const answers = new Map<number, (answer: Buffer) => void>();
    socket.on('message', (answer) => answers.get(answer.readUInt16BE(0))?.(answer));
    try {
      socket.connect(this.port, '127.0.0.1');
      await once(socket, 'connect');
      const results: Buffer[] = [];
      for (let from = 0; from < packets.length; from += WINDOW) {
        const batch = packets.slice(from, from + WINDOW).map((packet, i) => {
          packet.writeUInt16BE(i, 0);
          return new Promise<Buffer>((resolve, reject) => {
            answers.set(i, resolve);
            AbortSignal.timeout(QUERY_LIMIT_MS).addEventListener('abort', () =>
              reject(new Error('no answer')),
            );
            socket.send(packet);
          });
        });
        results.push(...(await Promise.all(batch)));
      }
      return results;
    } finally {
      socket.close();
    }
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null) {
      const exited = once(this.process, 'exit');
      this.process.kill('SIGTERM');
      await exited;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function configuration(directory: string, port: number, zones: readonly NsdZone[]): string {
  const lines = [
    'server:',
    `  ip-address: 127.0.0.1@${port}`,
    '  server-count: 1',
    '  answer-cookie: yes',
    '  rrl-ratelimit: 0',
    '  ipv4-edns-size: 4096',
    '  username: ""',
    '  database: ""',
    `  zonesdir: "${directory}"`,
    `  pidfile: "${directory}/nsd.pid"`,
    `  xfrdfile: "${directory}/xfrd.state"`,
    `  zonelistfile: "${directory}/zone.list"`,
    `  xfrdir: "${directory}"`,
    'remote-control:',
    '  control-enable: no',
  ];
  zones.forEach(({ apex, text }, i) => {
    writeFileSync(join(directory, `${i}.zone`), text);
    lines.push('zone:', `  name: "${apex}"`, `  zonefile: "${i}.zone"`);
  });
  return `${lines.join('\n')}\n`;
}
