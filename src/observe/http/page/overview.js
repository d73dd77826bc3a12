// The overview: tiles and charts from the live line, tables from /stats every few seconds.

import { read } from './api.js';
import { byId, el, fillFacts } from './elements.js';
import { count, duration, millis, percent, plural, rate, roundMillis, size } from './format.js';
import { quantileMs } from './latency.js';
import { cacheClasses } from './layers.js';
import { LineChart } from './line-chart.js';
import { ShareChart } from './share-chart.js';
import { showTables } from './tables.js';

const REFRESH_MS = 3000;
/** Seconds that tiles look back on. */
const RECENT = 10;

const sum = (frames, of) => frames.reduce((total, frame) => total + of(frame), 0);
const perSecond = (frames, of) =>
  sum(frames, of) /
  Math.max(
    1,
    sum(frames, ({ sec }) => sec),
  );

const cachedOf = (frame) => cacheClasses.reduce((total, name) => total + (frame.classes[name] ?? 0), 0);

export class Overview {
  shown = false;
  #live;
  #stats;
  #tiles = new Map();

  constructor(live) {
    this.#live = live;
    this.shares = new ShareChart(byId('shares-chart'), byId('shares-legend'));
    this.rate = new LineChart(
      byId('rate-chart'),
      [
        {
          name: 'clients',
          className: 'ink-a',
          area: true,
          value: (step) => stepValue(step, (f) => perSecond(f, (one) => one.queries)),
        },
        {
          name: 'upstream',
          className: 'ink-b',
          value: (step) => stepValue(step, (f) => perSecond(f, (one) => one.upstream)),
        },
      ],
      { label: 'Queries per second over the last five minutes', format: rate },
    );
    this.latency = new LineChart(
      byId('latency-chart'),
      [
        { name: '99 %', className: 'ink-c', value: (step) => quantileMs(step.frames, 0.99) },
        { name: 'median', className: 'ink-a', value: (step) => quantileMs(step.frames, 0.5) },
      ],
      { label: 'Latency over the last five minutes', format: millis, axis: roundMillis, log: true },
    );
    live.onChange(() => this.#drawLive());
    setInterval(() => this.shown && !document.hidden && this.#refresh(), REFRESH_MS);
    document.addEventListener('visibilitychange', () => this.show());
  }

  show() {
    if (!this.shown || document.hidden) return;
    this.#drawLive();
    this.#refresh();
  }

  #drawLive() {
    const { frames } = this.#live;
    if (!this.shown || document.hidden || frames.length === 0) return;
    this.#drawTiles(frames);
    this.shares.update(frames);
    this.rate.update(frames);
    this.latency.update(frames);
  }

  #drawTiles(frames) {
    const recent = frames.slice(-RECENT);
    const minute = frames.slice(-60);
    const queries = sum(minute, (frame) => frame.queries);
    const now = frames.at(-1);
    this.#tile(
      'rate',
      'Queries / s',
      rate(perSecond(recent, (frame) => frame.queries)),
      `${count(now.total)} since start`,
    );
    const hits = queries === 0 ? '–' : percent((sum(minute, cachedOf) / queries) * 100);
    this.#tile('hits', 'From caches', hits, 'last minute');
    this.#tile('p50', 'Median', millis(quantileMs(minute, 0.5)), 'last minute');
    this.#tile('p99', '99 %', millis(quantileMs(minute, 0.99)), 'last minute');
    this.#tile(
      'flight',
      'In flight',
      count(now.inFlight),
      `${rate(perSecond(recent, (frame) => frame.upstream))} asked upstream / s`,
    );
    const stats = this.#stats;
    const who = stats ? `${stats.version} · ${plural(stats.workers, 'worker')}` : '';
    this.#tile('uptime', 'Up', duration(now.uptimeSec), who);
  }

  #tile(key, title, figure, note) {
    let tile = this.#tiles.get(key);
    if (!tile) {
      tile = { figure: el('dd', { class: 'figure', id: `tile-${key}` }), note: el('dd', { class: 'note' }) };
      this.#tiles.set(key, tile);
      byId('tiles').append(el('div', { class: 'tile' }, el('dt', {}, title), tile.figure, tile.note));
    }
    tile.figure.textContent = figure;
    tile.note.textContent = note;
  }

  async #refresh() {
    try {
      this.#stats = await read('/stats');
    } catch {
      return; // The status line above says that the server is gone.
    }
    showTables(this.#stats);
    fillFacts(byId('upstream'), upstreamFacts(this.#stats));
    fillFacts(byId('kept'), keptFacts(this.#stats));
  }
}

const stepValue = (step, of) => (step.frames.length === 0 ? undefined : of(step.frames));

function keptFacts({ persistence, shared }) {
  const facts = [];
  if (persistence) {
    const { restored, refused, lastSnapshot: last } = persistence;
    facts.push(['Answers from the file at start', count(restored.answers)]);
    facts.push(['RRsets and delegations', count(restored.entries)]);
    if (refused) facts.push(['File refused', refused]);
    const ago = last && `${duration((Date.now() - last.atMs) / 1000)} ago`;
    facts.push([
      'Last snapshot',
      last ? (last.result === 'ok' ? ago : `failed ${ago}: ${last.error}`) : 'not yet',
    ]);
    if (last?.result === 'ok') facts.push(['Its size', size(last.sizeOctets)]);
  } else {
    facts.push(['Snapshot file', 'none (cache.persist)']);
  }
  if (shared) {
    const store = shared.state === 'open' ? 'does not answer' : 'answers';
    facts.push(['Shared store', store], ['Found there', count(shared.hits)]);
  }
  return facts;
}

function upstreamFacts({ upstream, prefetch, queries }) {
  const facts = [];
  if (upstream) {
    facts.push(['Queries to servers', count(upstream.queries)], ['over TCP', count(upstream.tcp)]);
    for (const [fault, times] of Object.entries(upstream.faults ?? { timeout: upstream.timeouts })) {
      if (times > 0 || fault === 'timeout' || fault === 'near-miss') {
        facts.push([
          fault === 'near-miss' ? 'near misses (wrong ID)' : fault.replace('-', ' '),
          count(times),
        ]);
      }
    }
    facts.push(['answers to another question', count(upstream.mismatched ?? 0)]);
  }
  if (prefetch) {
    facts.push(['Prefetched', `${count(prefetch.refreshed)} of ${count(prefetch.started)}`]);
  }
  const limits = Object.entries(queries.limits ?? {});
  for (const [limit, times] of limits) facts.push([`limit ${limit}`, count(times)]);
  if (limits.length === 0) facts.push(['Limits reached', '0']);
  for (const [view, times] of Object.entries(queries.views ?? {})) facts.push([`view ${view}`, count(times)]);
  for (const [kind, times] of Object.entries(queries.dropped)) facts.push([`dropped: ${kind}`, count(times)]);
  return facts;
}
