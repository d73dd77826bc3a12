/**
 * The laboratory: a namespace with real NSD servers on port 53 at public-looking addresses, and resolvers in it.
 *
 * Needs nsd; `startUnbound` needs unbound, `startOurs` the built program.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatName, parseName } from '../../../src/dns/name.js';
import { EdnsOption, formatRcode, formatType, parseType, RRClass } from '../../../src/dns/registry.js';
import { decodeMessage } from '../../../src/wire/decode.js';
import { encodeQuery } from '../../../src/wire/encode.js';
import { formatOption } from '../../../src/wire/options.js';
import { formatRdata } from '../../../src/wire/rdata/text.js';
import type { Expectation, Lab, LabServer } from './lab-zones.js';
import { Namespace, untilSays } from './namespace.js';

const ready = fileURLToPath(new URL('ask-all.mjs', import.meta.url));
const program = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const ADDRESS = '127.0.0.1';
/** Ports inside the namespace, so nobody else has them. */
const ports = { ours: 5300, unbound: 5301 } as const;
export type LabResolver = keyof typeof ports;

/** What a resolver said. */
export interface LabAnswer {
  readonly rcode: string;
  /** `owner TYPE rdata`, sorted. */
  readonly answer: readonly string[];
  /** Extended DNS Errors, as text; for reports. */
  readonly ede: readonly string[];
  /** How often it had to be asked. */
  readonly tries: number;
}

export class Laboratory {
  private constructor(
    private readonly lab: Lab,
    private readonly namespace: Namespace,
    private readonly directory: string,
  ) {}

  /** Starts the authoritative servers and waits until each answers. */
  static async open(lab: Lab): Promise<Laboratory> {
    const directory = mkdtempSync(join(tmpdir(), 'stratadns-lab-'));
    const addresses = lab.servers.flatMap((server) => server.addresses);
    const namespace = await Namespace.open(addresses.map((address) => `ip addr add ${address}/32 dev lo`));
    const laboratory = new Laboratory(lab, namespace, directory);
    await Promise.all(lab.servers.map((server) => laboratory.startNsd(server)));
    return laboratory;
  }

  private async startNsd(server: LabServer): Promise<void> {
    const directory = join(this.directory, server.id);
    mkdirSync(directory);
    const lines = [nsdHeader(directory, server.addresses)];
    for (const [i, { apex, text }] of server.zones.entries()) {
      writeFileSync(join(directory, `${i}.zone`), text);
      lines.push('zone:', `  name: "${apex}."`, `  zonefile: "${i}.zone"`);
    }
    const config = join(directory, 'nsd.conf');
    writeFileSync(config, `${lines.join('\n')}\n`);
    // With -d it stays, and -V 1 makes it say when it has read its zones.
    const nsd = this.namespace.start(['nsd', '-d', '-V', '1', '-c', config]);
    await untilSays(nsd, 'nsd started', 60_000);
  }

  /** @param extra options beside the root hints */
  async startOurs(extra: Readonly<Record<string, unknown>> = {}): Promise<ChildProcess> {
    const config = this.writeConfig(extra);
    const child = this.namespace.start([process.execPath, program, 'serve', '--config', config]);
    await untilSays(child, '"ready"');
    return child;
  }

  private writeConfig(extra: Readonly<Record<string, unknown>> = {}): string {
    const file = join(this.directory, 'stratadns.yaml');
    const config = {
      listen: [{ address: ADDRESS, port: ports.ours }],
      rootHints: this.lab.rootServers.map(({ name, address }) => ({
        name: `${name}.`,
        addresses: [address],
      })),
      upstream: { ipv6: false },
      dnssec: { mode: 'off' },
      http: { enabled: false },
      ...extra,
    };
    writeFileSync(file, JSON.stringify(config, undefined, 2)); // JSON is YAML
    return file;
  }

  async startUnbound(): Promise<ChildProcess> {
    const hints = join(this.directory, 'hints');
    const config = join(this.directory, 'unbound.conf');
    writeFileSync(
      hints,
      this.lab.rootServers
        .map(({ name, address }) => `. 3600 NS ${name}.\n${name}. 3600 A ${address}\n`)
        .join(''),
    );
    writeFileSync(config, unboundConfig(this.directory, hints));
    const child = this.namespace.start(['unbound', '-d', '-c', config]);
    await untilSays(child, 'start of service');
    return child;
  }

  /** Asks a resolver all questions, `window` at a time. Undefined where no answer came. */
  async askAll(
    resolver: LabResolver,
    questions: readonly Pick<Expectation, 'name' | 'type'>[],
    window: number,
  ): Promise<(LabAnswer | undefined)[]> {
    const packets = questions.map(({ name, type }) => encodeQuestion(name, type).toString('base64'));
    const input = JSON.stringify({ address: ADDRESS, port: ports[resolver], window, packets });
    const { stdout, stderr, code } = await this.namespace.run([process.execPath, ready], {
      input,
      limitMs: 120_000,
    });
    if (code !== 0) throw new Error(`the questions could not be asked: ${stderr}`);
    const answers: (LabAnswer | undefined)[] = questions.map(() => undefined);
    for (const line of stdout.trim().split('\n')) {
      const [index, tries, packet] = line.split(' ');
      if (packet !== '-') answers[Number(index)] = readAnswer(Buffer.from(packet!, 'base64'), Number(tries));
    }
    return answers;
  }

  /** The tree of one walk with caches that are empty, for reports of what went wrong. */
  async trace({ name, type }: Pick<Expectation, 'name' | 'type'>): Promise<string> {
    const argv = [process.execPath, program, 'trace', name, type, '--config', this.writeConfig()];
    return (await this.namespace.run(argv)).stdout;
  }

  async close(): Promise<void> {
    await this.namespace.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** As a stub resolver of today asks. */
const edns = { version: 0, udpSize: 1232, do: false, options: [] };

function encodeQuestion(name: string, type: string): Buffer {
  const question = { name: parseName(name), type: parseType(type)!, class: RRClass.IN };
  return encodeQuery({ id: 0, question, spelling: question.name, rd: true, cd: false, edns });
}

function readAnswer(packet: Buffer, tries: number): LabAnswer {
  const decoded = decodeMessage(packet);
  if (!decoded.ok) return { rcode: `malformed: ${decoded.reason}`, answer: [], ede: [], tries };
  const { answer, rcode, edns: opt } = decoded.message;
  const ede = (opt?.options ?? []).filter(({ code }) => code === EdnsOption.EDE).map(formatOption);
  const lines = answer.flatMap(({ name, type, rdatas }) =>
    rdatas.map((rdata) => `${formatName(name).slice(0, -1)} ${formatType(type)} ${formatRdata(type, rdata)}`),
  );
  return { rcode: formatRcode(rcode), answer: lines.sort(), ede, tries };
}

function nsdHeader(directory: string, addresses: readonly string[]): string {
  return `server:
  server-count: 1
  port: 53
  username: ""
  database: ""
  zonesdir: "${directory}"
  pidfile: "${directory}/nsd.pid"
  xfrdfile: "${directory}/xfrd.state"
  zonelistfile: "${directory}/zone.list"
  xfrdir: "${directory}"
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
${addresses.map((address) => `  ip-address: ${address}`).join('\n')}
remote-control:
  control-enable: no`;
}

function unboundConfig(directory: string, hints: string): string {
  return `server:
  interface: ${ADDRESS}
  port: ${ports.unbound}
  username: ""
  chroot: ""
  directory: "${directory}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 1
  do-daemonize: no
  do-ip6: no
  module-config: "iterator"
  root-hints: "${hints}"
  access-control: 127.0.0.0/8 allow
  num-threads: 1
  num-queries-per-thread: 4096
  outgoing-range: 8192
remote-control:
  control-enable: no
`;
}
