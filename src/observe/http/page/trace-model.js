// What the picture of a walk shows: lanes from left to right, rows from top to bottom, made from trace events.

/** More zones than this share one more lane. */
const MAX_ZONES = 14;
const OTHERS = 'other zones';

/**
 * @param report reply of /trace with explain=1
 * @returns lanes [{ key, label, kind }], rows [{ kind, span, depth, atMs, ... , events }] where `events` are indices
 */
export function walkModel(report) {
  const model = { zones: [], rows: [], spans: new Map(), exchanges: new Map(), asked: undefined, endMs: 0 };
  report.events.forEach((event, index) => {
    model.endMs = Math.max(model.endMs, event.atMs);
    makers[event.kind]?.(model, event, index);
  });
  return {
    lanes: [
      { key: 'client', label: 'client', kind: 'client' },
      { key: 'caches', label: 'caches', kind: 'caches' },
      { key: 'resolver', label: 'resolver', kind: 'resolver' },
      ...model.zones.map((zone) => ({
        key: `zone ${zone}`,
        label: zone === '.' ? '. (root)' : zone.replace(/\.$/, ''),
        kind: 'zone',
      })),
    ],
    rows: model.rows,
    // The event that the verdict goes by.
    failingEvent: report.verdict?.failingEvent,
    endMs: Math.max(model.endMs, 0.001),
  };
}

function row(model, event, index, rest) {
  const depth = model.spans.get(event.span)?.depth ?? 0;
  const made = { span: event.span, depth, atMs: event.atMs, events: [index], ...rest };
  model.rows.push(made);
  return made;
}

/** Adds an event to the row of its exchange. */
function follow(model, event, index) {
  const found = model.exchanges.get(event.exchange);
  found?.events.push(index);
  return found;
}

function laneOf(model, zone) {
  const lane = model.zones.includes(zone) || model.zones.length < MAX_ZONES ? zone : OTHERS;
  if (!model.zones.includes(lane)) model.zones.push(lane);
  return `zone ${lane}`;
}

const question = (event) => `${event.QNAME} ${event.QTYPEname}`;
const purposes = {
  'ns-address': 'address of a name server',
  ds: 'delegation signer',
  dnskey: 'keys of the zone',
  priming: 'priming',
  prefetch: 'prefetch',
  refresh: 'refresh',
};
const goodClasses = new Set(['answer', 'referral', 'cname', 'dname', 'nodata', 'nxdomain']);

const makers = {
  span(model, event, index) {
    const parent = event.span === 0 ? undefined : model.spans.get(event.parent);
    model.spans.set(event.span, { depth: parent ? parent.depth + 1 : 0 });
    if (event.span === 0) row(model, event, index, { kind: 'ask', text: question(event) });
    else
      row(model, event, index, {
        kind: 'needs',
        text: `needs ${question(event)}`,
        note: purposes[event.purpose] ?? event.purpose,
      });
  },
  probe(model, event, index) {
    const why = event.reason ? `, ${event.reason.replace('-', ' ')}` : '';
    const left = event.TTL === undefined ? '' : ` · ${Math.round(event.TTL)} s left`;
    row(model, event, index, {
      kind: 'probe',
      layer: event.layer,
      tone: event.result === 'hit' ? 'good' : event.result === 'stale' ? 'warn' : 'plain',
      text: `${event.layer}: ${event.result}${why}`,
      note: `${event.detail ?? `${event.NAME} ${event.TYPEname}`}${left}`,
    });
  },
  joined(model, event, index) {
    row(model, event, index, { kind: 'note', tone: 'good', text: 'joined an equal question under way' });
  },
  query(model, event, index) {
    const made = row(model, event, index, {
      kind: 'exchange',
      lane: laneOf(model, event.zone),
      server: `${event.serverName ? `${event.serverName.replace(/\.$/, '')} ` : ''}${event.address}`,
      transport: event.transport,
      text: `${question(event)}?`,
      tone: 'plain',
      answer: 'not waited for',
      endMs: undefined,
      scrubbed: 0,
    });
    model.exchanges.set(event.exchange, made);
  },
  response(model, event, index) {
    const found = follow(model, event, index);
    if (!found) return;
    found.endMs = event.atMs;
    found.rttMs = event.rttMs;
    found.answer = event.RCODEname + (event.TC ? ' truncated' : '');
    found.tone = event.RCODE === 0 || event.RCODE === 3 ? 'good' : 'bad';
  },
  'no-response'(model, event, index) {
    const found = follow(model, event, index);
    if (!found) return;
    Object.assign(found, {
      endMs: event.atMs,
      rttMs: event.afterMs,
      answer: event.why.replace('-', ' '),
      tone: 'bad',
      lost: true,
    });
  },
  classified(model, event, index) {
    const found = follow(model, event, index);
    if (!found) return;
    found.answer += ` · ${event.as}${event.detail ? ` ${event.detail}` : ''}`;
    if (!goodClasses.has(event.as)) found.tone = 'bad';
    else if (event.as === 'nxdomain' || event.as === 'nodata') found.tone = 'warn';
  },
  scrubbed(model, event, index) {
    const found = follow(model, event, index);
    if (found) found.scrubbed += event.removed.length;
  },
  alias(model, event, index) {
    row(model, event, index, { kind: 'note', tone: 'alias', text: `${event.by} → ${event.to}` });
  },
  'cache-rule'(model, event, index) {
    const what = event.noCache ? 'nothing is kept' : 'limits of its own';
    row(model, event, index, { kind: 'note', tone: 'warn', text: `cache rule ${event.rule}: ${what}` });
  },
  policy(model, event, index) {
    row(model, event, index, { kind: 'note', tone: 'warn', text: `policy ${event.rule}: ${event.action}` });
  },
  limit(model, event, index) {
    row(model, event, index, { kind: 'note', tone: 'bad', text: `limit reached: ${event.item}` });
  },
  validation(model, event, index) {
    if (event.step !== 'verdict') return;
    const tone = { secure: 'good', bogus: 'bad', insecure: 'warn' }[event.security] ?? 'plain';
    row(model, event, index, {
      kind: 'note',
      tone,
      text: `DNSSEC ${event.security}: ${event.NAME} ${event.TYPEname ?? ''}`,
    });
  },
  done(model, event, index) {
    if (event.span !== 0) return;
    const tone = { answer: 'good', failure: 'bad' }[event.outcome] ?? 'warn';
    const text = event.reason ? `${event.outcome} (${event.reason})` : event.outcome;
    row(model, event, index, { kind: 'reply', tone, text, tookMs: event.tookMs });
  },
};

/** The steps of validation, one for each thing that was checked, in order. */
export function chainOf(report) {
  return report.events
    .map((event, index) => ({ event, index }))
    .filter(({ event }) => event.kind === 'validation')
    .map(({ event }) => ({
      step: event.step,
      name: event.NAME,
      type: event.TYPEname,
      security: event.security,
      key: event.keyTag === undefined ? undefined : `key ${event.keyTag}, algorithm ${event.algorithm}`,
      detail: event.detail,
    }));
}

const zoneSteps = new Map([
  ['anchor', 'trust anchor'],
  ['ds', 'DS'],
  ['dnskey', 'DNSKEY'],
  ['insecure', 'no DS'],
]);
const severity = ['secure', 'indeterminate', 'unchecked', 'insecure', 'bogus'];

/** The zones of a chain, each with the worst that was said of it. */
function zonesOf(chain) {
  const zones = new Map();
  for (const { step, name, security } of chain) {
    if (!zoneSteps.has(step)) continue;
    const zone = zones.get(name) ?? { name, security, steps: [] };
    zones.set(name, zone);
    if (!zone.steps.includes(zoneSteps.get(step))) zone.steps.push(zoneSteps.get(step));
    if (severity.indexOf(security) > severity.indexOf(zone.security)) zone.security = security;
  }
  return [...zones.values()];
}

const isBelow = (name, above) => name !== above && (above === '.' || name.endsWith(`.${above}`));

/** The ways down which trust went: for each zone that has none below it, the zones from the top to it. */
export function branchesOf(chain) {
  const zones = zonesOf(chain);
  const leaves = zones.filter(({ name }) => !zones.some((other) => isBelow(other.name, name)));
  return leaves.map((leaf) => [
    ...zones.filter(({ name }) => isBelow(leaf.name, name)).sort((a, b) => a.name.length - b.name.length),
    leaf,
  ]);
}
