// The tables of the overview, from one reply of /stats.

import { byId, el, fillBars, fillTable } from './elements.js';
import { count, duration, millis, percent, plural, shares, shortName, size } from './format.js';
import { describeLayer, layerClass } from './layers.js';

export const cacheLink = (name) => `#/cache/${encodeURIComponent(name)}`;
export const traceLink = (name, type) => `#/trace/${encodeURIComponent(name)}/${encodeURIComponent(type)}`;

const swatch = (name) => el('span', { class: `swatch ${layerClass(name)}`, 'aria-hidden': 'true' });
const missesOf = (cache) => Object.values(cache.misses).reduce((sum, times) => sum + times, 0);

export function showTables(stats) {
  showClasses(stats);
  showCaches(stats.caches);
  showNames(stats.names);
  showServers(stats.servers);
  showCounts(stats.queries);
}

function showClasses({ queries, startedAt }) {
  const used = Object.entries(queries.byClass).filter(([, times]) => times > 0);
  const figures = shares(used.map(([, times]) => times));
  const rows = used.map(([name, times], i) => [
    el('span', { title: describeLayer(name) }, swatch(name), name),
    count(times),
    percent(figures[i]),
    millis(queries.latency[name]?.p50Ms),
    millis(queries.latency[name]?.p99Ms),
  ]);
  fillTable(byId('classes'), ['layer', 'queries', 'share', 'median', '99 %'], rows, 'No queries yet');
  byId('classes-hint').textContent =
    `${plural(queries.total, 'query', 'queries')} since ${new Date(startedAt).toLocaleString()}`;
}

function meter(part, whole) {
  if (whole === 0) return size(part);
  const bar = el('span', { class: 'bar' });
  bar.style.inlineSize = `${Math.min(100, (part / whole) * 100)}%`;
  return el(
    'span',
    { class: 'meter', title: `${size(part)} of ${size(whole)}` },
    el('span', { class: 'bar-track', 'aria-hidden': 'true' }, bar),
    el('span', { class: 'meter-text' }, size(part), el('span', { class: 'of' }, ` of ${size(whole)}`)),
  );
}

function showCaches(caches) {
  const rows = caches.map((cache) => {
    const misses = missesOf(cache);
    const lookups = cache.hits + cache.stale + misses;
    return [
      el('span', {}, swatch(cache.layer), cache.layer),
      meter(cache.octets, cache.maxOctets),
      count(cache.entries),
      count(cache.hits),
      count(misses),
      lookups === 0 ? '–' : percent(((cache.hits + cache.stale) / lookups) * 100),
      count(cache.evictions),
      count(cache.expirations),
    ];
  });
  const head = ['cache', 'memory', 'entries', 'hits', 'misses', 'hit ratio', 'evicted', 'expired'];
  fillTable(byId('caches'), head, rows);
}

const nameCell = (name, href) => el('a', { href, class: 'name', title: name }, shortName(name, 40));
/** A count of a sketch; one that may be too high says by how much. */
const figure = ({ count: times, error }) =>
  error === 0 ? count(times) : el('span', { title: `at least ${count(times - error)}` }, `≤ ${count(times)}`);

/** Caches and walks are of class IN: of another class there is nothing to go to. */
const questionCell = ({ name, class: cls }, href) =>
  cls === undefined ? nameCell(name, href) : el('span', { class: 'name', title: name }, shortName(name, 40));
const typeText = ({ type, class: cls }) => (cls === undefined ? type : `${cls} ${type}`);

function showNames(names) {
  if (!names) {
    const why = 'Names are shown on this machine, or with the token';
    fillTable(byId('top-names'), ['name', 'queries'], [], why);
    fillTable(byId('failing-names'), ['name', 'failed'], [], why);
    return;
  }
  const top = names.asked
    .slice(0, 12)
    .map((one) => [questionCell(one, cacheLink(one.name)), typeText(one), figure(one)]);
  fillTable(byId('top-names'), ['name', '|type', 'queries'], top);
  const failing = names.failing
    .slice(0, 12)
    .map((one) => [
      el('span', {}, questionCell(one, traceLink(one.name, one.type)), reason(one)),
      typeText(one),
      figure(one),
    ]);
  fillTable(byId('failing-names'), ['name and reason', '|type', 'failed'], failing, 'No query has failed');
}

function reason({ rcode, ede }) {
  const text = ede ? `EDE ${ede.code} ${ede.text}` : rcode;
  return el('span', { class: 'reason', title: text }, text);
}

const conditionWords = { ok: 'ok', new: 'new', slow: 'timed out', backoff: 'backing off', lame: 'lame' };

let lastServers;

function showServers(servers) {
  lastServers = servers;
  if (!servers) {
    fillTable(byId('servers'), ['server'], [], 'Servers are shown on this machine, or with the token');
    return;
  }
  const slowest = Math.max(...servers.recent.map(({ rttMs }) => rttMs ?? 0), 1);
  const rows = shownServers(servers.recent).map((server) => [
    el(
      'span',
      {},
      server.name ? el('span', { class: 'name', title: server.name }, shortName(server.name, 36)) : '',
      el('span', { class: 'address' }, server.address),
    ),
    badge(server),
    rtt(server, slowest),
    server.timeoutsInRow > 0 ? `${count(server.timeoutsInRow)} in a row` : '–',
    server.edns === 'unknown' ? '–' : server.edns,
    server.lastSeenMs ? `${duration((Date.now() - server.lastSeenMs) / 1000)} ago` : 'never',
  ]);
  fillTable(
    byId('servers'),
    ['server', '|state', 'round trip', 'timeouts', 'EDNS', 'last seen'],
    rows,
    'No server was asked yet',
  );
  const known = Object.entries(servers.counts).filter(([, times]) => times > 0);
  byId('servers-hint').textContent = known
    .map(([state, times]) => `${count(times)} ${conditionWords[state]}`)
    .join(', ');
}

const FEW = 12;
let allServers = false;

/** The first dozen, troubled ones first; all of them once the user asked. */
function shownServers(recent) {
  const button = byId('servers-more');
  button.hidden = recent.length <= FEW;
  button.textContent = allServers ? 'Show fewer' : `Show all ${recent.length}`;
  button.onclick = () => {
    allServers = !allServers;
    showServers(lastServers);
  };
  if (allServers) return recent;
  const troubled = (server) => (server.state === 'ok' || server.state === 'new' ? 1 : 0);
  return recent.toSorted((a, b) => troubled(a) - troubled(b)).slice(0, FEW);
}

function badge({ state, backoffSec, lameZones }) {
  const more = state === 'backoff' ? ` ${backoffSec} s` : '';
  const title = lameZones.length > 0 ? `lame for ${lameZones.join(' ')}` : undefined;
  return el('span', { class: `badge state-${state}`, title }, conditionWords[state] + more);
}

function rtt({ rttMs, rttVarMs }, slowest) {
  if (rttMs === undefined || rttMs === null) return '–';
  const bar = el('span', { class: 'bar' });
  // From 0.1 ms up, each decade is as wide as the next.
  const share = Math.log10(Math.max(1, rttMs * 10)) / Math.log10(Math.max(10, slowest * 10));
  bar.style.inlineSize = `${Math.max(2, share * 100)}%`;
  return el(
    'span',
    { class: 'meter', title: `varies by ${millis(rttVarMs)}` },
    el('span', { class: 'bar-track', 'aria-hidden': 'true' }, bar),
    el('span', { class: 'meter-text short' }, millis(rttMs)),
  );
}

function showCounts({ missReasons, rcodes }) {
  const bars = (counts, words = (key) => key) => {
    const pairs = Object.entries(counts)
      .filter(([, times]) => times > 0)
      .sort((a, b) => b[1] - a[1]);
    const figures = shares(pairs.map(([, times]) => times));
    return pairs.slice(0, 8).map(([key, times], i) => ({
      label: words(key),
      value: times,
      text: `${count(times)} · ${percent(figures[i])}`,
    }));
  };
  fillBars(
    byId('misses'),
    bars(missReasons, (key) => key.replace('-', ' ')),
    'No query has missed',
  );
  fillBars(byId('rcodes'), bars(rcodes));
}
