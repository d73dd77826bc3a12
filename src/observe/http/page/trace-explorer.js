// The trace explorer: walks a question on the server and shows the walk, the verdict, validation and budget.

import { request } from './api.js';
import { byId, el, fillBars, fillTable } from './elements.js';
import { count, millis, plural } from './format.js';
import { branchesOf, chainOf, walkModel } from './trace-model.js';
import { WalkPicture } from './trace-picture.js';
import { drawVerdict } from './verdict.js';

export class TraceExplorer {
  shown = false;
  #report;
  #asked = 0;

  constructor() {
    const form = byId('trace-form');
    this.picture = new WalkPicture(byId('walk-picture'), (row) => this.#showStep(row));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const { name, type, fresh } = form.elements;
      const parts = [
        name.value.trim(),
        type.value.trim().toUpperCase() || 'A',
        ...(fresh.checked ? ['fresh'] : []),
      ];
      const hash = `#/trace/${parts.map(encodeURIComponent).join('/')}`;
      if (location.hash === hash) this.#load(...parts);
      else location.hash = hash;
    });
  }

  show([name, type = 'A', fresh]) {
    const { elements } = byId('trace-form');
    if (name === undefined) {
      elements.name.focus({ preventScroll: true });
      return;
    }
    elements.name.value = name;
    elements.type.value = type;
    elements.fresh.checked = fresh === 'fresh';
    this.#load(name, type, fresh);
  }

  async #load(name, type, fresh) {
    const number = ++this.#asked;
    this.#say('Walking');
    try {
      const query = { name, type, explain: '1', ...(fresh === 'fresh' ? { fresh: '1' } : {}) };
      const report = await request('GET', '/trace', query);
      if (number === this.#asked) this.#draw(report);
    } catch (error) {
      if (number !== this.#asked) return;
      byId('trace-result').hidden = true;
      this.#say(error.message, true);
    }
  }

  #say(text, bad = false) {
    byId('trace-message').textContent = text;
    byId('trace-message').classList.toggle('bad', bad);
  }

  #draw(report) {
    this.#report = report;
    const model = walkModel(report);
    const asked = model.rows.filter(({ kind }) => kind === 'exchange').length;
    this.#say(
      `${plural(asked, 'question')} to servers, ${plural(report.events.length + report.omitted, 'event')}`,
    );
    byId('trace-result').hidden = false;
    drawVerdict(byId('verdict'), report);
    this.picture.show(model);
    drawChain(report);
    drawServers(report.verdict.servers);
    drawBudget(report);
    byId('word-list').replaceChildren(
      ...report.lines.map((line, i) =>
        el('li', {}, el('span', { class: 'row-at' }, millis(report.events[i].atMs)), line),
      ),
    );
  }

  #showStep(row) {
    if (!row) return;
    const { events, lines } = this.#report;
    const parts = row.events.flatMap((index) => {
      const { records = [], removed = [] } = events[index];
      const shown = records.map((record) => el('li', {}, record.replaceAll('\t', ' ')));
      const gone = removed.map((record) => el('li', { class: 'gone' }, record));
      return [
        el('p', {}, lines[index]),
        shown.length + gone.length > 0 && el('ul', { class: 'records' }, ...shown, ...gone),
      ];
    });
    byId('walk-step').replaceChildren(el('h3', {}, `At ${millis(row.atMs)}`), ...parts.filter(Boolean));
  }
}

const signs = { secure: '✓', bogus: '✗', insecure: '○', indeterminate: '?' };

function drawChain(report) {
  const steps = chainOf(report);
  byId('chain-card').hidden = steps.length === 0;
  drawBranches(byId('chain-zones'), branchesOf(steps));
  byId('chain-details').open = steps.length <= 8;
  byId('chain').replaceChildren(
    ...steps.map(({ step, name, type, security, key, detail }) =>
      el(
        'li',
        { class: `is-${security}` },
        el('span', { class: 'chain-sign', 'aria-hidden': 'true' }, signs[security] ?? '·'),
        el('b', {}, step),
        el('span', { class: 'name' }, `${name} ${type ?? ''}`),
        el('span', { class: `badge is-${security}` }, security),
        el('span', { class: 'chain-detail' }, [key, detail].filter(Boolean).join(' · ')),
      ),
    ),
  );
}

/** The zones through which trust was handed down, one box each, one line for each way. */
function drawBranches(box, branches) {
  const zone = ({ name, security, steps }) =>
    el(
      'li',
      { class: `is-${security}` },
      el('b', { class: 'name' }, name === '.' ? '. (root)' : name),
      el('span', {}, `${signs[security] ?? '·'} ${security}`),
      el('small', {}, steps.join(', ')),
    );
  box.hidden = branches.length === 0;
  box.replaceChildren(...branches.map((zones) => el('ol', { class: 'chain-zones' }, ...zones.map(zone))));
}

const useful = /(answer|referral|nodata|nxdomain|cname|dname)[^,]*$/i;

const toneOf = ({ answered, result }) =>
  answered ? (useful.test(result) ? 'is-fine' : 'is-insecure') : 'is-bogus';

function drawServers(servers) {
  const rows = servers.map((server) => [
    el('span', { class: 'name' }, server.label),
    server.zone,
    server.transport,
    el('span', { class: `badge ${toneOf(server)}` }, server.result),
    millis(server.tookMs),
  ]);
  fillTable(byId('tried'), ['server', '|zone', '|by', '|result', 'took'], rows, 'None: the caches knew');
}

const budgetWords = {
  upstreamQueries: 'questions to servers',
  bytes: 'octets received',
  depth: 'depth',
  aliases: 'aliases',
  signatureChecks: 'signature checks',
  nsec3Hashes: 'NSEC3 hashes',
  timeMs: 'milliseconds',
  referrals: 'referrals',
  addressLookups: 'address lookups',
};

function drawBudget({ events }) {
  const used = events.findLast(({ kind }) => kind === 'budget')?.used ?? {};
  const rows = Object.entries(used)
    .filter(([, { used: value }]) => value > 0)
    .map(([item, { used: value, limit }]) => ({
      label: budgetWords[item] ?? item,
      value,
      share: value / limit,
      className: value >= limit * 0.8 ? 'near' : '',
      text: `${count(value)} of ${count(limit)}`,
    }));
  fillBars(byId('budget'), rows, 'Nothing: no server was asked');
}
