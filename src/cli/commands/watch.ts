/**
 * `stratadns stats --watch`: the figures of a running server, once a second.
 *
 * The server sets the pace: it sends a frame a second (`/events`). On a terminal the screen is drawn anew with as many
 * figures as it has room for; elsewhere each second is one line, fit for a pipe.
 */
import { CliError, ExitCode, type Io, paintFor } from '../io.js';
import { fitScreen } from '../screen.js';
import { ServerClient } from '../server-client.js';
import {
  type FrameReply,
  frameHead,
  frameLine,
  frameReply,
  screenSections,
  statsReply,
} from '../stats-text.js';

export interface WatchOptions {
  readonly at: string;
  readonly json?: boolean;
  readonly token?: string;
  /** Ends after so many frames; otherwise when the server or the user ends it. */
  readonly count?: number;
}

/** Head lines are repeated after so many lines. */
const HEAD_EVERY = 20;
const RECENT_LINES = 5;
/** Cursor to the top left, and what is below it erased: no flicker as with an empty screen between. */
const HOME = '\u001b[H';
const ERASE_LINE = '\u001b[K';
const ERASE_BELOW = '\u001b[J';
const CLEAR = '\u001b[2J';

export async function watch(options: WatchOptions, io: Io): Promise<void> {
  const client = new ServerClient(options.at, options.token ?? io.token);
  const show = options.json ? jsonLines(io) : io.redraws ? screen(client, options, io) : plainLines(io);
  let left = options.count ?? Infinity;
  for await (const frame of frames(client, options.at)) {
    await show(frame);
    left--;
    if (left <= 0) return;
  }
  throw new CliError(ExitCode.failed, `The server at ${options.at} ended the connection.`);
}

type Show = (frame: FrameReply) => void | Promise<void>;

function jsonLines(io: Io): Show {
  return (frame) => io.out(`${JSON.stringify(frame)}\n`);
}

function plainLines(io: Io): Show {
  let shown = 0;
  return (frame) => {
    if (shown++ % HEAD_EVERY === 0) io.out(`${frameHead}\n`);
    io.out(`${frameLine(frame)}\n`);
  };
}

function screen(client: ServerClient, options: WatchOptions, io: Io): Show {
  const paint = paintFor(io);
  const recent: string[] = [];
  let first = true;
  return async (frame) => {
    recent.push(frameLine(frame));
    if (recent.length > RECENT_LINES) recent.shift();
    const stats = statsReply.safeParse(await client.json('GET', '/stats'));
    if (!stats.success) throw notOurs(options.at);
    const lines = fitScreen(screenSections(stats.data, recent, paint), io.size?.());
    const text = lines.map((line) => `${line}${ERASE_LINE}\n`).join('');
    io.out(`${first ? CLEAR : ''}${HOME}${text}${ERASE_BELOW}`);
    first = false;
  };
}

/** The frames to come; those of the past that the server sends first are left out. */
async function* frames(client: ServerClient, at: string): AsyncGenerator<FrameReply> {
  let rest = '';
  for await (const piece of client.stream('/events', { endless: true })) {
    const blocks = (rest + piece).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      if (/^event: frame$/m.test(block)) yield readFrame(block, at);
    }
  }
}

function readFrame(block: string, at: string): FrameReply {
  try {
    return frameReply.parse(JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? ''));
  } catch {
    throw notOurs(at);
  }
}

function notOurs(at: string): CliError {
  return new CliError(ExitCode.failed, `What answers at ${at} is not stratadns, or of another version.`);
}
