// The status page: reads /stats every two seconds and shows it; resolves a name on request.
// Everything from the server is put in as text, never as markup.

const REFRESH_MS = 2000;
const byId = (id) => document.getElementById(id);
const number = new Intl.NumberFormat('en');

function cell(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

function row(head, values, swatch) {
  const line = document.createElement('tr');
  const title = cell('th', '');
  title.scope = 'row';
  if (swatch) title.append(swatch);
  title.append(head);
  line.append(title, ...values.map((value) => cell('td', value)));
  return line;
}

function colour(element, name) {
  element.classList.add(/^[a-z]+$/.test(name) ? `c-${name}` : 'c-other');
  return element;
}

const percent = (part, whole) => (whole === 0 ? '0 %' : `${((part / whole) * 100).toFixed(1)} %`);
const millis = (ms) =>
  ms === undefined ? '' : ms < 1 ? `${(ms * 1000).toFixed(0)} µs` : `${ms.toFixed(1)} ms`;

function size(octets) {
  if (octets < 1024) return `${octets} B`;
  return octets < 1024 ** 2 ? `${(octets / 1024).toFixed(1)} KiB` : `${(octets / 1024 ** 2).toFixed(1)} MiB`;
}

function showQueries({ total, byClass, latency }) {
  const used = Object.entries(byClass).filter(([, count]) => count > 0);
  const segments = used.map(([name, count]) => {
    const segment = colour(document.createElement('span'), name);
    segment.style.flexGrow = String(count);
    segment.title = `${name}: ${percent(count, total)}`;
    return segment;
  });
  byId('bar').replaceChildren(...segments);
  const words = used.map(([name, count]) => `${name} ${percent(count, total)}`).join(', ');
  byId('bar').setAttribute('aria-label', words || 'No queries yet');
  const rows = used.map(([name, count]) => {
    const swatch = colour(document.createElement('span'), name);
    swatch.classList.add('swatch');
    return row(
      name,
      [
        number.format(count),
        percent(count, total),
        millis(latency[name]?.p50Ms),
        millis(latency[name]?.p99Ms),
      ],
      swatch,
    );
  });
  byId('classes').tBodies[0].replaceChildren(...rows);
}

function showCaches(caches) {
  const rows = caches.map((cache) => {
    const misses = Object.values(cache.misses).reduce((sum, count) => sum + count, 0);
    const memory =
      cache.maxOctets > 0 ? `${size(cache.octets)} of ${size(cache.maxOctets)}` : size(cache.octets);
    const counts = [cache.hits, misses, cache.evictions].map((count) => number.format(count));
    return row(cache.layer, [number.format(cache.entries), memory, ...counts]);
  });
  byId('caches').tBodies[0].replaceChildren(...rows);
}

function duration(seconds) {
  const units = [
    ['d', 86400],
    ['h', 3600],
    ['min', 60],
  ];
  const [unit, factor] = units.find(([, length]) => seconds >= length) ?? ['s', 1];
  return `${Math.floor(seconds / factor)} ${unit}`;
}

async function refresh() {
  try {
    const response = await fetch('/stats');
    if (!response.ok) throw new Error(`status ${response.status}`);
    const stats = await response.json();
    byId('summary').textContent =
      `${stats.version}, up ${duration(stats.uptimeSec)}, ${number.format(stats.queries.total)} queries, ${stats.workers} ${stats.workers === 1 ? 'worker' : 'workers'}`;
    showQueries(stats.queries);
    showCaches(stats.caches);
  } catch (error) {
    byId('summary').textContent = `The server does not answer (${error.message}).`;
  }
}

function show(text) {
  byId('result').hidden = false;
  byId('result').textContent = text;
}

async function ask(path, describe) {
  show('Asking');
  try {
    const response = await fetch(path);
    const body = await response.json();
    show(response.ok ? describe(body) : body.error.message);
  } catch (error) {
    show(`The server does not answer (${error.message}).`);
  }
}

function describeTrace(report) {
  const asked = report.events.filter((event) => event.kind === 'query').length;
  const head = `${report.QNAME} ${report.QTYPEname}: ${report.outcome}${report.reason ? ` (${report.reason})` : ''}${report.security ? `, ${report.security}` : ''}${report.stale ? ', stale' : ''}`;
  const errors = report.EDE.map((ede) => `EDE ${ede.INFO_CODE}: ${ede.EXTRA_TEXT}`);
  return [head, `${asked} questions to servers`, '', ...report.records, ...errors].join('\n');
}

function describeCache({ name, entries }) {
  if (entries.length === 0) return `Nothing is cached under ${name}`;
  return entries
    .flatMap((entry) => [
      `${entry.layer}: ${entry.name} ${entry.type ?? ''} ${entry.holds}, ${Math.round(entry.ttlSec)} s left`,
      ...entry.records.map((record) => `  ${record}`),
    ])
    .join('\n');
}

byId('lookup').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const query = new URLSearchParams({ name: form.get('name').trim(), type: form.get('type').trim() || 'A' });
  ask(`/trace?${query}`, describeTrace);
});
byId('held').addEventListener('click', () => {
  const name = new FormData(byId('lookup')).get('name').trim();
  if (name !== '') ask(`/cache?${new URLSearchParams({ name })}`, describeCache);
});

refresh();
setInterval(() => document.hidden || refresh(), REFRESH_MS);
