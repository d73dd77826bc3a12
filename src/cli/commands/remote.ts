/**
 * `stratadns stats` and `stratadns cache`: what a running server says of itself, and what it forgets.
 */
import { z } from 'zod';
import { formatName } from '../../dns/name.js';
import { formatType } from '../../dns/registry.js';
import { flushWords, readFlush } from '../../observe/flush-text.js';
import { readName, readType } from '../../observe/question-text.js';
import { plural, printable } from '../../observe/sinks/styles.js';
import { CliError, ExitCode, type Io, paintFor } from '../io.js';
import { ServerClient } from '../server-client.js';
import { statsLines, statsReply } from '../stats-text.js';

export interface RemoteOptions {
  readonly at: string;
  readonly json?: boolean;
  readonly token?: string;
  readonly type?: string;
}

export interface FlushOptions extends RemoteOptions {
  readonly all?: boolean;
  readonly subtree?: boolean;
  readonly layer?: readonly string[];
  readonly negatives?: boolean;
}

const entriesReply = z.object({
  entries: z.array(
    z.object({
      layer: z.string(),
      name: z.string(),
      type: z.string().optional(),
      holds: z.string(),
      ttlSec: z.number().optional(),
      records: z.array(z.string()),
      details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
    }),
  ),
});
const reloadReply = z.object({ needRestart: z.array(z.string()) });
const flushReply = z.object({ removed: z.number(), layers: z.record(z.string(), z.number()).default({}) });

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
  const lines = statsLines(readReply(statsReply, reply, options.at), paintFor(io));
  io.out(`${lines.join('\n')}\n`);
}

export async function cacheShow(nameText: string, options: RemoteOptions, io: Io): Promise<void> {
  const name = formatName(readName(nameText));
  const type = options.type === undefined ? undefined : formatType(readType(options.type));
  const reply = await clientFor(options, io).json('GET', '/cache', { name, ...(type ? { type } : {}) });
  if (options.json) return io.out(`${JSON.stringify(reply, undefined, 2)}\n`);
  const { entries } = readReply(entriesReply, reply, options.at);
  const paint = paintFor(io);
  if (entries.length === 0) io.out(`Nothing is cached under ${name}${type ? ` ${type}` : ''}\n`);
  for (const entry of entries) {
    const details = Object.entries(entry.details ?? {}).map(([key, value]) => `${key} ${value}`);
    const head = `${entry.layer}: ${entry.name}${entry.type === undefined ? '' : ` ${entry.type}`} ${entry.holds}`;
    const facts = [...timeLeft(entry.ttlSec), ...details].join(', ');
    io.out(`${paint('name', printable(head))} ${paint('faint', printable(facts))}\n`);
    for (const record of entry.records) io.out(`  ${printable(record)}\n`);
  }
}

/** Nothing to say of what time does not end: a rule of the operator, a zone that is configured. */
function timeLeft(ttlSec: number | undefined): string[] {
  if (ttlSec === undefined) return [];
  const seconds = Math.round(ttlSec);
  return [seconds > 0 ? `${seconds} s left` : `${-seconds} s past its TTL`];
}

export async function cacheFlush(
  nameText: string | undefined,
  { all, subtree, type, layer, negatives, ...options }: FlushOptions,
  io: Io,
): Promise<void> {
  const text = { name: nameText, all, subtree, type, layers: layer, negatives };
  const flush = readFlush(text);
  const name = formatName(flush.name);
  const query = new URLSearchParams(all ? { all: '1' } : { name });
  if (subtree && !all) query.set('subtree', '1');
  if (flush.type !== undefined) query.set('type', formatType(flush.type));
  for (const one of flush.layers ?? []) query.append('layer', one);
  if (negatives) query.set('negative', '1');
  const reply = await clientFor(options, io).json('DELETE', '/cache', query);
  if (options.json) return io.out(`${JSON.stringify(reply, undefined, 2)}\n`);
  const { removed, layers } = readReply(flushReply, reply, options.at);
  const parts = Object.entries(layers).map(([one, count]) => `${printable(one)} ${count}`);
  const byLayer = parts.length === 0 ? '' : ` (${parts.join(', ')})`;
  io.out(`${plural(removed, 'entry', 'entries')} removed ${flushWords({ ...text, name })}${byLayer}\n`);
}

/** Has a running server read its configuration again. */
export async function reload(options: RemoteOptions, io: Io): Promise<void> {
  const reply = await clientFor(options, io).json('POST', '/reload');
  if (options.json) return io.out(`${JSON.stringify(reply, undefined, 2)}\n`);
  const { needRestart } = readReply(reloadReply, reply, options.at);
  io.out('The configuration was reloaded.\n');
  if (needRestart.length > 0)
    io.out(`Until a restart the old values hold of: ${needRestart.map(printable).join(', ')}\n`);
}
