/**
 * `stratadns cache dump` and `cache load`: the caches of a running server to a file and back, line by line.
 *
 * A file is read and sent in pieces, so that neither side holds it whole.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { plural, printable } from '../../observe/sinks/styles.js';
import { CliError, ExitCode, type Io } from '../io.js';
import { ServerClient } from '../server-client.js';

export interface CacheFileOptions {
  readonly at: string;
  readonly json?: boolean;
  readonly token?: string;
  readonly out?: string;
}

/** Written or sent at once; under what the server takes. */
const BATCH_CHARS = 400_000;
const SHOWN_BAD = 10;

const loadReply = z.object({
  loaded: z.number(),
  skipped: z.number(),
  leftOut: z.number(),
  bad: z.array(z.object({ line: z.number(), reason: z.string() })),
});

/** One JSON object per line. */
export async function cacheDump(options: CacheFileOptions, io: Io): Promise<void> {
  const client = new ServerClient(options.at, options.token ?? io.token);
  const pieces = client.stream('/cache/dump', { endless: true });
  if (options.out === undefined) {
    for await (const piece of pieces) io.out(piece);
    return;
  }
  // Names that clients asked for are for nobody else.
  const file = await open(options.out, 'w', 0o600);
  let lines = 0;
  let text = '';
  try {
    for await (const piece of pieces) {
      text += piece;
      lines += piece.split('\n').length - 1;
      if (text.length < BATCH_CHARS) continue;
      await file.writeFile(text);
      text = '';
    }
    await file.writeFile(text);
  } finally {
    await file.close();
  }
  io.out(`${plural(lines, 'entry', 'entries')} written to ${options.out}\n`);
}

interface Sum {
  loaded: number;
  skipped: number;
  leftOut: number;
  readonly bad: { readonly line: number; readonly reason: string }[];
}

export async function cacheLoad(path: string, options: CacheFileOptions, io: Io): Promise<void> {
  const client = new ServerClient(options.at, options.token ?? io.token);
  const sum: Sum = { loaded: 0, skipped: 0, leftOut: 0, bad: [] };
  for await (const { firstLine, text } of batches(path)) {
    const result = loadReply.safeParse(await client.send('/cache/load', text));
    if (!result.success) {
      throw new CliError(
        ExitCode.failed,
        `What answers at ${options.at} is not stratadns, or of another version.`,
      );
    }
    const { loaded, skipped, leftOut, bad } = result.data;
    sum.loaded += loaded;
    sum.skipped += skipped;
    sum.leftOut += leftOut;
    sum.bad.push(...bad.map(({ line, reason }) => ({ line: firstLine + line - 1, reason })));
  }
  io.out(options.json ? `${JSON.stringify(sum, undefined, 2)}\n` : `${words(sum)}\n`);
  if (sum.bad.length === 0) return;
  const shown = sum.bad
    .slice(0, SHOWN_BAD)
    .map(({ line, reason }) => `${path}:${line}: ${printable(reason)}`);
  const more = sum.bad.length - shown.length;
  const rest = more > 0 ? [`and ${plural(more, 'more line')}`] : [];
  throw new CliError(ExitCode.failed, [...shown, ...rest].join('\n'));
}

function words({ loaded, skipped, leftOut, bad }: Sum): string {
  const parts = [
    `${plural(loaded, 'entry', 'entries')} loaded`,
    `${skipped} skipped (over, known already, or no room)`,
    `${leftOut} left out (whole answers, failures, bogus data)`,
    `${plural(bad.length, 'bad line')}`,
  ];
  return parts.join(', ');
}

async function* batches(path: string): AsyncGenerator<{ firstLine: number; text: string }> {
  const input = createReadStream(path, 'utf8');
  // An error before the first line would be lost in readline.
  const failed = new Promise<never>((_, reject) => input.once('error', reject));
  const opened = new Promise<void>((resolve) => input.once('open', () => resolve()));
  await Promise.race([opened, failed]);
  let lines: string[] = [];
  let chars = 0;
  let firstLine = 1;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (chars + line.length > BATCH_CHARS && lines.length > 0) {
      yield { firstLine, text: lines.join('\n') };
      firstLine += lines.length;
      lines = [];
      chars = 0;
    }
    lines.push(line);
    chars += line.length + 1;
  }
  if (lines.length > 0) yield { firstLine, text: lines.join('\n') };
}
