// The cache browser: every entry under a name, with its time running down.

import { read, request } from './api.js';
import { byId, el } from './elements.js';
import { FlushPanel } from './flush-panel.js';
import { duration, plural, shortName, size } from './format.js';
import { layerClass } from './layers.js';
import { cacheLink, traceLink } from './tables.js';

/** Details with words of their own, in the order in which they are shown; the rest shows after them under its own name. */
const terms = {
  security: 'security',
  rank: 'trust',
  rcode: 'RCODE',
  hits: 'hits',
  leaseSec: 'lease',
  server: 'server',
  serverName: 'server name',
  transport: 'transport',
  zone: 'zone',
  question: 'asked',
  ad: 'AD',
  do: 'DO',
  cd: 'CD',
  ds: 'DS',
  sizeOctets: 'size',
  reason: 'reason',
  inARow: 'failures in a row',
};
const order = Object.keys(terms);

export class CacheBrowser {
  shown = false;
  #asked = '';
  #clocks = [];

  constructor() {
    new FlushPanel({ question: () => this.#question(), done: (text, bad) => this.#after(text, bad) });
    byId('cache-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#go(this.#question());
    });
    setInterval(() => this.shown && !document.hidden && this.#tick(), 1000);
  }

  show([name, type = '']) {
    const { elements } = byId('cache-form');
    byId('cache-start').hidden = true;
    if (name === undefined) {
      elements.name.focus({ preventScroll: true });
      this.#clear();
      this.#say('');
      if (this.shown) this.#suggest();
      return;
    }
    elements.name.value = name;
    elements.type.value = type;
    this.#load({ name, type });
  }

  /** What the form says; undefined when it says nothing. */
  #question() {
    const { name, type } = byId('cache-form').elements;
    return { name: name.value.trim(), type: type.value.trim().toUpperCase() };
  }

  #go({ name, type }) {
    const hash = `#/cache/${[name, ...(type ? [type] : [])].map(encodeURIComponent).join('/')}`;
    if (location.hash === hash) this.#load({ name, type });
    else location.hash = hash;
  }

  /** Names to begin with, so that the view is not empty. */
  async #suggest() {
    try {
      const { names } = await read('/stats');
      const asked = [
        ...new Set(names.asked.filter((one) => one.class === undefined).map(({ name }) => name)),
      ].slice(0, 12);
      byId('cache-suggestions').replaceChildren(
        ...asked.map((name) =>
          el('li', {}, el('a', { class: 'name', href: cacheLink(name) }, shortName(name))),
        ),
      );
      byId('cache-start').hidden = asked.length === 0 || location.hash !== '#/cache';
    } catch {
      // Nothing to suggest.
    }
  }

  async #load({ name, type }) {
    const asked = `${name} ${type}`;
    this.#asked = asked;
    this.#say('Asking');
    try {
      const reply = await request('GET', '/cache', { name, ...(type ? { type } : {}) });
      if (this.#asked === asked) this.#draw(reply, type);
    } catch (error) {
      this.#clear();
      this.#say(error.message, true);
    }
  }

  async #after(text, bad) {
    const { name, type } = this.#question();
    if (!bad && name !== '') await this.#load({ name, type });
    this.#say(text, bad);
  }

  #say(text, bad = false) {
    const message = byId('cache-message');
    message.textContent = text;
    message.classList.toggle('bad', bad);
  }

  #clear() {
    this.#clocks = [];
    byId('cache-entries').replaceChildren();
  }

  #draw({ name, entries }, type) {
    this.#clear();
    const what = type ? `${name} ${type}` : name;
    this.#say(
      entries.length === 0
        ? `Nothing is cached under ${what}`
        : `${plural(entries.length, 'entry', 'entries')} under ${what}`,
    );
    const nowMs = performance.now();
    byId('cache-entries').replaceChildren(...entries.map((entry) => this.#card(entry, nowMs)));
    this.#tick();
  }

  #card(entry, nowMs) {
    const clock = el('b', { class: 'ttl' });
    const note = el('span', { class: 'ttl-note' });
    // What time does not end has no clock: a rule of the operator, a zone that is configured.
    if (entry.ttlSec !== undefined) this.#clocks.push({ clock, note, endMs: nowMs + entry.ttlSec * 1000 });
    const ends = entry.expires && `until ${new Date(entry.expires).toLocaleString()}`;
    return el(
      'article',
      { class: `card entry ${layerClass(entry.layer)}-edge`, 'data-layer': entry.layer },
      el(
        'header',
        {},
        el('span', { class: `tag ${layerClass(entry.layer)}` }, entry.layer),
        el('h3', {}, `${shortName(entry.name, 60)} ${entry.type ?? ''}`),
        el('span', { class: 'holds' }, entry.holds),
        el('span', { class: 'time', title: ends }, clock, note),
      ),
      recordList(entry.records),
      entry.proof &&
        el(
          'details',
          { class: 'proof' },
          el('summary', {}, `Proof: ${plural(entry.proof.length, 'record')}`),
          recordList(entry.proof),
        ),
      factList(entry.details ?? {}),
      entryFoot(entry),
    );
  }

  #tick() {
    const nowMs = performance.now();
    for (const { clock, note, endMs } of this.#clocks) {
      const left = Math.ceil((endMs - nowMs) / 1000);
      clock.textContent = duration(Math.abs(left));
      note.textContent = left > 0 ? ' left' : ' past its time';
      clock.classList.toggle('soon', left > 0 && left <= 10);
      clock.classList.toggle('over', left <= 0);
    }
  }
}

/** Signatures are longer than anybody reads: they stand back. */
function recordList(records) {
  if (records.length === 0) return undefined;
  const line = (record) =>
    el('li', record.split('\t')[3] === 'RRSIG' ? { class: 'signature' } : {}, record.replaceAll('\t', ' '));
  return el('ul', { class: 'records', tabindex: '0', 'aria-label': 'Records' }, ...records.map(line));
}

function factList(details) {
  const place = ([key]) => (order.includes(key) ? order.indexOf(key) : order.length);
  const facts = Object.entries(details)
    .filter(([key]) => key !== 'leaves')
    .sort((a, b) => place(a) - place(b))
    .map(([key, value]) =>
      el(
        'div',
        { class: `fact fact-${key}` },
        el('dt', {}, terms[key] ?? key),
        el('dd', {}, wording(key, value)),
      ),
    );
  return facts.length > 0 && el('dl', { class: 'entry-facts' }, ...facts);
}

/** What will end it, and the way to its trace. */
function entryFoot({ name, type, details }) {
  const { leaves } = details ?? {};
  const link = type !== undefined && el('a', { href: traceLink(name, type) }, 'Trace this question');
  if (!leaves && !link) return undefined;
  const words = leaves && el('span', { class: 'leaves' }, `Leaves ${leaves}.`);
  return el('p', { class: 'entry-links' }, words, link);
}

function wording(key, value) {
  if (key === 'security' || key === 'rank') return el('span', { class: `badge is-${value}` }, String(value));
  if (key === 'leaseSec') return duration(value);
  if (key === 'sizeOctets') return size(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}
