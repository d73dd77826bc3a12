/**
 * `stratadns stats` and `stratadns cache`: what a running server says of itself, and what it forgets.
 */
import { z } from 'zod';
import { formatName } from '../../dns/name.js';
import { readName } from '../../observe/question-text.js';
import { formatMs, plural, printable } from '../../observe/sinks/styles.js';
import { CliError, ExitCode, type Io, paintFor } from '../io.js';
import { ServerClient } from '../server-client.js';

export interface RemoteOptions {
  readonly at: string;
  readonly json?: boolean;
  readonly token?: string;
  readonly subtree?: boolean;
}

const counts = z.record(z.string(), z.number());
const statsReply = z.object({
  version: z.string(),
  uptimeSec: z.number(),
  workers: z.number(),
  queries: z.object({
    total: z.number(),
    byClass: counts,
    missReasons: counts,
    rcodes: counts,
    latency: z.record(z.string(), z.object({ p50Ms: z.number(), p99Ms: z.number() })),
  }),
  caches: z.array(
    z.object({
      layer: z.string(),
      entries: z.number(),
      octets: z.number(),
      maxOctets: z.number(),
      hits: z.number(),
      misses: counts,
      evictions: z.number(),
    }),
  ),
});
const entriesReply = z.object({
  entries: z.array(
    z.object({
      layer: z.string(),
      name: z.string(),
      type: z.string().optional(),
      holds: z.string(),
      ttlSec: z.number(),
      records: z.array(z.string()),
      details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
    }),
  ),
});
const flushReply = z.object({ removed: z.number() });

function clientFor({ at, token }: RemoteOptions, io: Io): ServerClient {
  return new ServerClient(at, token ?? io.token);
}

function readReply<T>(schema: z.ZodType<T>, reply: unknown, at: string): T {
  const result = schema.safeParse(reply);
  if (result.success) return result.data;
  throw new CliError(ExitCode.failed, `What answers at ${at} is not stratadns, or of another version.`);
}

export async function stats(options: RemoteOptions, io: Io): Promise<void> {
  const reply = await clientFor(options, io).json('GET', '/stats');
  if (options.json) return io.out(`${JSON.stringify(reply, undefined, 2)}\n`);
  const paint = paintFor(io);
  const { version, uptimeSec, workers, queries, caches } = readReply(statsReply, reply, options.at);
  const share = (count: number) =>
    queries.total === 0 ? '0.0 %' : `${((count / queries.total) * 100).toFixed(1)} %`;
  const lines = [
    paint(
      'title',
      `stratadns ${printable(version)}, up ${uptimeSec} s, ${plural(workers, 'worker')}, ${plural(queries.total, 'query', 'queries')}`,
    ),
    '',
  ];
  lines.push(paint('faint', row('layer', 'queries', 'share', 'median', '99 %')));
  for (const [name, count] of Object.entries(queries.byClass)) {
    const latency = queries.latency[name];
    const times = latency ? [formatMs(latency.p50Ms), formatMs(latency.p99Ms)] : ['', ''];
    const line = row(printable(name), String(count), share(count), ...times);
    lines.push(count === 0 ? paint('faint', line) : line);
  }
  lines.push('', paint('faint', row('cache', 'entries', 'memory', 'hits', 'misses', 'evicted')));
  for (const cache of caches) {
    const missed = Object.values(cache.misses).reduce((sum, count) => sum + count, 0);
    lines.push(
      row(
        printable(cache.layer),
        String(cache.entries),
        size(cache.octets),
        String(cache.hits),
        String(missed),
        String(cache.evictions),
      ),
    );
  }
  lines.push(
    '',
    `${paint('faint', 'misses   ')}${pairs(queries.missReasons)}`,
    `${paint('faint', 'rcodes   ')}${pairs(queries.rcodes)}`,
  );
  io.out(`${lines.map((line) => line.trimEnd()).join('\n')}\n`);
}

function row(first: string, ...rest: string[]): string {
  return first.padEnd(14) + rest.map((text) => text.padStart(12)).join('');
}

function size(octets: number): string {
  return octets < 1024 ** 2 ? `${(octets / 1024).toFixed(1)} KiB` : `${(octets / 1024 ** 2).toFixed(1)} MiB`;
}

function pairs(values: Readonly<Record<string, number>>): string {
  const text = Object.entries(values).map(([key, count]) => `${printable(key)} ${count}`);
  return text.length === 0 ? 'none' : text.join(', ');
}

export async function cacheShow(nameText: string, options: RemoteOptions, io: Io): Promise<void> {
  const name = formatName(readName(nameText));
  const reply = await clientFor(options, io).json('GET', '/cache', { name });
  if (options.json) return io.out(`${JSON.stringify(reply, undefined, 2)}\n`);
  const { entries } = readReply(entriesReply, reply, options.at);
  const paint = paintFor(io);
  if (entries.length === 0) io.out(`Nothing is cached under ${name}\n`);
  for (const entry of entries) {
    const details = Object.entries(entry.details ?? {}).map(([key, value]) => `${key} ${value}`);
    const head = `${entry.layer}: ${entry.name}${entry.type === undefined ? '' : ` ${entry.type}`} ${entry.holds}`;
    const left = `${Math.round(entry.ttlSec)} s left`;
    io.out(`${paint('name', printable(head))} ${paint('faint', printable([left, ...details].join(', ')))}\n`);
    for (const record of entry.records) io.out(`  ${printable(record)}\n`);
  }
}

export async function cacheFlush(nameText: string, options: RemoteOptions, io: Io): Promise<void> {
  const name = formatName(readName(nameText));
  const query = { name, ...(options.subtree ? { subtree: '1' } : {}) };
  const reply = await clientFor(options, io).json('DELETE', '/cache', query);
  if (options.json) return io.out(`${JSON.stringify(reply, undefined, 2)}\n`);
  const { removed } = readReply(flushReply, reply, options.at);
  io.out(
    `${plural(removed, 'entry', 'entries')} removed ${options.subtree ? 'at and below' : 'under'} ${name}\n`,
  );
}

/** One JSON object per line. */
export async function cacheDump(options: RemoteOptions, io: Io): Promise<void> {
  for await (const piece of clientFor(options, io).stream('/cache/dump')) io.out(piece);
}
