// The cache browser: every entry under a name, with its time running down, and flushing.

import { request } from './api.js';
import { confirmed } from './dialogs.js';
import { byId, el } from './elements.js';
import { duration, plural, shortName, size } from './format.js';
import { layerClass } from './layers.js';
import { traceLink } from './tables.js';

/** Details with words of their own; the rest shows under its own name. */
const terms = {
  rank: 'trust',
  security: 'security',
  hits: 'hits',
  leaseSec: 'lease',
  server: 'server',
  serverName: 'server name',
  transport: 'transport',
  zone: 'zone',
  question: 'asked',
  sizeOctets: 'size',
  do: 'DO',
  cd: 'CD',
  ds: 'DS',
  reason: 'reason',
  inARow: 'failures in a row',
};

export class CacheBrowser {
  shown = false;
  #name = '';
  #clocks = [];

  constructor() {
    const form = byId('cache-form');
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#go(form.elements.name.value.trim());
    });
    byId('flush-name').addEventListener('click', () => this.#flush(false));
    byId('flush-subtree').addEventListener('click', () => this.#flush(true));
    setInterval(() => this.shown && !document.hidden && this.#tick(), 1000);
  }

  show([name]) {
    const input = byId('cache-form').elements.name;
    if (name === undefined) {
      input.focus({ preventScroll: true });
      return;
    }
    input.value = name;
    this.#load(name);
  }

  #go(name) {
    const hash = `#/cache/${encodeURIComponent(name)}`;
    if (location.hash === hash) this.#load(name);
    else location.hash = hash;
  }

  async #load(name) {
    this.#name = name;
    this.#say('Asking');
    try {
      const reply = await request('GET', '/cache', { name });
      if (this.#name !== name) return;
      this.#draw(reply);
    } catch (error) {
      this.#clear();
      this.#say(error.message, true);
    }
  }

  async #flush(subtree) {
    const form = byId('cache-form');
    if (!form.reportValidity()) return;
    const name = form.elements.name.value.trim();
    const what = subtree ? `${name} and every name below it` : name;
    const text = 'Every layer forgets it. The next client that asks waits for a walk.';
    if (!(await confirmed(`Flush ${what}?`, text, 'Flush'))) return;
    try {
      const { removed } = await request('DELETE', '/cache', { name, ...(subtree ? { subtree: '1' } : {}) });
      await this.#load(name);
      this.#say(`${plural(removed, 'entry', 'entries')} removed`);
    } catch (error) {
      this.#say(error.message, true);
    }
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

  #draw({ name, entries }) {
    this.#clear();
    this.#say(
      entries.length === 0
        ? `Nothing is cached under ${name}`
        : `${plural(entries.length, 'entry', 'entries')} under ${name}`,
    );
    const nowMs = performance.now();
    byId('cache-entries').replaceChildren(...entries.map((entry) => this.#card(entry, nowMs)));
    this.#tick();
  }

  #card(entry, nowMs) {
    const clock = el('b', { class: 'ttl' });
    const note = el('span', { class: 'ttl-note' });
    this.#clocks.push({ clock, note, endMs: nowMs + entry.ttlSec * 1000 });
    const records = entry.records.map((record) => el('li', {}, record.replaceAll('\t', ' ')));
    const facts = Object.entries(entry.details ?? {}).map(([key, value]) =>
      el(
        'div',
        { class: `fact fact-${key}` },
        el('dt', {}, terms[key] ?? key),
        el('dd', {}, wording(key, value)),
      ),
    );
    return el(
      'article',
      { class: `card entry ${layerClass(entry.layer)}-edge`, 'data-layer': entry.layer },
      el(
        'header',
        {},
        el('span', { class: `tag ${layerClass(entry.layer)}` }, entry.layer),
        el('h3', {}, `${shortName(entry.name, 60)} ${entry.type ?? ''}`),
        el('span', { class: 'holds' }, entry.holds),
        el('span', { class: 'time' }, clock, note),
      ),
      records.length > 0 && el('ul', { class: 'records' }, ...records),
      facts.length > 0 && el('dl', { class: 'entry-facts' }, ...facts),
      entry.type !== undefined &&
        el(
          'p',
          { class: 'entry-links' },
          el('a', { href: traceLink(entry.name, entry.type) }, 'Trace this question'),
        ),
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

function wording(key, value) {
  if (key === 'security' || key === 'rank') return el('span', { class: `badge is-${value}` }, String(value));
  if (key === 'leaseSec') return duration(value);
  if (key === 'sizeOctets') return size(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}
