/**
 * `/stats` and `/events` of a running server as text: one screen, or one line a second.
 *
 * What comes from the server is checked here before it is shown, and names pass `printable`.
 */
import { z } from 'zod';
import { formatMs, type Paint, plural, printable } from '../observe/sinks/styles.js';

const counts = z.record(z.string(), z.number());
const topName = z.object({
  name: z.string(),
  type: z.string(),
  class: z.string().optional(),
  count: z.number(),
});

export const statsReply = z.object({
  version: z.string(),
  uptimeSec: z.number(),
  workers: z.number(),
  queries: z.object({
    total: z.number(),
    byClass: counts,
    missReasons: counts,
    rcodes: counts,
    dropped: counts.optional(),
    limits: counts.optional(),
    views: counts.optional(),
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
  names: z
    .object({
      asked: z.array(topName),
      failing: z.array(
        topName.extend({
          rcode: z.string(),
          ede: z.object({ code: z.number(), text: z.string() }).optional(),
        }),
      ),
    })
    .optional(),
});
export type StatsReply = z.infer<typeof statsReply>;

/** One second; see observe/live-frames. */
export const frameReply = z.looseObject({
  atMs: z.number(),
  sec: z.number(),
  queries: z.number(),
  classes: counts,
  p50Ms: z.number().optional(),
  p99Ms: z.number().optional(),
  upstream: z.number(),
  timeouts: z.number(),
  inFlight: z.number(),
});
export type FrameReply = z.infer<typeof frameReply>;

/** Classes that cost no query to a server. */
const cached = ['stub', 'resolver', 'negative', 'synthesised', 'failure', 'stale', 'local'];
const SHOWN_NAMES = 5;

/** All there is. */
export function statsLines(reply: StatsReply, paint: Paint): string[] {
  const { queries, caches, names } = reply;
  return [
    titleLine(reply, paint),
    '',
    ...classLines(queries, paint),
    '',
    ...cacheLines(caches, paint),
    '',
    ...countLines(queries, paint),
    ...(names ? nameLines(names, paint) : []),
  ].map((line) => line.trimEnd());
}

/** The same in parts for a screen, the most important first; `recent` are lines of the last seconds. */
export function screenSections(reply: StatsReply, recent: readonly string[], paint: Paint): string[][] {
  const { queries, caches, names } = reply;
  const used = Object.entries(queries.byClass).filter(([, count]) => count > 0);
  return [
    [titleLine(reply, paint)],
    [paint('faint', frameHead), ...recent],
    classLines({ ...queries, byClass: Object.fromEntries(used) }, paint),
    cacheLines(caches, paint),
    countLines(queries, paint),
    names ? nameLines(names, paint) : [],
  ].map((lines) => lines.map((line) => line.trimEnd()));
}

function titleLine({ version, uptimeSec, workers, queries }: StatsReply, paint: Paint): string {
  const parts = [plural(workers, 'worker'), plural(queries.total, 'query', 'queries')];
  return paint('title', `stratadns ${printable(version)}, up ${uptimeSec} s, ${parts.join(', ')}`);
}

function countLines(queries: StatsReply['queries'], paint: Paint): string[] {
  return [
    `${paint('faint', 'misses   ')}${pairs(queries.missReasons)}`,
    `${paint('faint', 'rcodes   ')}${pairs(queries.rcodes)}`,
    ...(['dropped', 'limits', 'views'] as const).flatMap((what) => countLine(what, queries[what], paint)),
  ];
}

/** Only what there is. */
function countLine(
  title: string,
  counted: Readonly<Record<string, number>> | undefined,
  paint: Paint,
): string[] {
  if (!counted || Object.keys(counted).length === 0) return [];
  return [`${paint('faint', title.padEnd(9))}${pairs(counted)}`];
}

function classLines(queries: StatsReply['queries'], paint: Paint): string[] {
  const lines = Object.entries(queries.byClass).map(([name, count]) => {
    const latency = queries.latency[name];
    const times = latency ? [formatMs(latency.p50Ms), formatMs(latency.p99Ms)] : ['', ''];
    const line = row(printable(name), String(count), percent(count, queries.total), ...times);
    return count === 0 ? paint('faint', line) : line;
  });
  return [paint('faint', row('layer', 'queries', 'share', 'median', '99 %')), ...lines];
}

function cacheLines(caches: StatsReply['caches'], paint: Paint): string[] {
  const lines = caches.map((cache) => {
    const missed = Object.values(cache.misses).reduce((sum, count) => sum + count, 0);
    const figures = [cache.entries, size(cache.octets), cache.hits, missed, cache.evictions];
    return row(printable(cache.layer), ...figures.map(String));
  });
  return [paint('faint', row('cache', 'entries', 'memory', 'hits', 'misses', 'evicted')), ...lines];
}

function nameLines({ asked, failing }: NonNullable<StatsReply['names']>, paint: Paint): string[] {
  const top = asked.slice(0, SHOWN_NAMES).map(questionCount);
  const failed = failing.slice(0, SHOWN_NAMES).map((one) => {
    const why = one.ede ? `EDE ${one.ede.code} ${printable(one.ede.text)}` : printable(one.rcode);
    return `${questionCount(one)}  ${paint('bad', why)}`;
  });
  return [...titled('top      ', top, paint), ...titled('failing  ', failed, paint)];
}

function questionCount({ name, class: cls, type, count }: z.infer<typeof topName>): string {
  return [name, ...(cls === undefined ? [] : [cls]), type, count]
    .map((part) => printable(`${part}`))
    .join(' ');
}

function titled(title: string, lines: readonly string[], paint: Paint): string[] {
  return lines.map((line, i) => `${paint('faint', i === 0 ? title : ' '.repeat(title.length))}${line}`);
}

/** Seven of them beside the time fit into 80 columns. */
const FRAME_COLUMN = 10;

/** Head of the lines that `frameLine` makes. */
export const frameHead = ['time', 'q/s', 'cached', 'median', '99 %', 'asked/s', 'timeouts', 'in flight']
  .map((title, i) => (i === 0 ? title.padEnd(8) : title.padStart(FRAME_COLUMN)))
  .join('');

/** One second in one line. */
export function frameLine(frame: FrameReply): string {
  const hits = cached.reduce((sum, name) => sum + (frame.classes[name] ?? 0), 0);
  const perSec = (count: number) => (count / Math.max(0.001, frame.sec)).toFixed(count < 10 ? 1 : 0);
  const ms = (value: number | undefined) => (value === undefined ? '-' : formatMs(value));
  const figures = [
    perSec(frame.queries),
    frame.queries === 0 ? '-' : percent(hits, frame.queries),
    ms(frame.p50Ms),
    ms(frame.p99Ms),
    perSec(frame.upstream),
    String(frame.timeouts),
    String(frame.inFlight),
  ];
  const time = new Date(frame.atMs).toISOString().slice(11, 19);
  return time + figures.map((figure) => figure.padStart(FRAME_COLUMN)).join('');
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '0.0 %' : `${((part / whole) * 100).toFixed(1)} %`;
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
