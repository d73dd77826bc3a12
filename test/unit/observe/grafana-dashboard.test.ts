/** The example dashboard asks for nothing that is not exported, and draws all that is. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseName } from '../../../src/dns/name.js';
import { Counters } from '../../../src/observe/counters.js';
import { metricsText } from '../../../src/observe/http/metrics.js';
import { fullSnapshot } from './full-snapshot.js';

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}
interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

const text = readFileSync(new URL('../../../docs/grafana-dashboard.json', import.meta.url), 'utf8');
const dashboard = JSON.parse(text) as Dashboard;

function exported(metrics: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const [, name, labels = ''] of metrics.matchAll(/^([a-z_]+)(?:\{([^}]*)\})? /gm)) {
    const known = found.get(name!) ?? new Set<string>();
    for (const [, label] of labels.matchAll(/([a-z]+)="/g)) known.add(label!);
    found.set(name!, known);
  }
  return found;
}

const metricName = /\b(?:stratadns|process)_[a-z_]+/g;

describe('the Grafana dashboard', () => {
  const exprs = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const definitions = dashboard.templating.list.flatMap(({ definition }) => definition ?? []);

  it('asks only for metrics that are exported, and by labels that they have', async () => {
    const metrics = exported(await metricsText(fullSnapshot()));
    for (const expr of [...exprs, ...definitions]) {
      const names = expr.match(metricName) ?? [];
      expect(names.length, expr).toBeGreaterThan(0);
      for (const name of names) expect([...metrics.keys()], expr).toContain(name);
      const by = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels]) => labels!.split(', '));
      for (const label of by) {
        expect(
          names.some((name) => metrics.get(name)?.has(label)),
          `${label} in ${expr}`,
        ).toBe(true);
      }
    }
  });

  it('shows every metric that is exported', async () => {
    const used = new Set([...exprs, ...definitions].flatMap((expr) => expr.match(metricName) ?? []));
    const unused = [...exported(await metricsText(fullSnapshot())).keys()].filter((name) => !used.has(name));
    expect(unused).toEqual(['stratadns_workers']);
  });

  it('has panels with titles and ids of their own that do not overlap', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    expect(new Set(dashboard.panels.map(({ title }) => title)).size).toBe(dashboard.panels.length);
    const places = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(places.has(`${x} ${y}`), title).toBe(false);
          places.add(`${x} ${y}`);
        }
      }
    }
  });
});

describe('/metrics', () => {
  it('follows the naming conventions: base units, _total for counters, one type for each', async () => {
    const text = await metricsText(fullSnapshot());
    const types = new Map(
      [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!]),
    );
    for (const [name, type] of types) {
      expect(name).toMatch(/^(stratadns|process)_[a-z_]+$/);
      expect(name).not.toMatch(/_(ms|millis|milliseconds|octets|kb|percent|count)(_|$)/);
      if (type === 'counter') expect(name).toMatch(/_total$/);
      else expect(name).not.toMatch(/_total$/);
    }
    expect(types.size).toBeGreaterThan(20);
    for (const [, name] of text.matchAll(/^# HELP (\S+) .{10,}$/gm)) expect(types.has(name!)).toBe(true);
  });

  it('never carries a name that a client asked for', async () => {
    const counters = new Counters();
    const qname = parseName('secret.example.');
    counters.record({
      lookupClass: 'walked',
      missReason: 'never-seen',
      qtype: 1,
      rcode: 2,
      transport: 'udp',
      tookMs: 1,
      client: '192.0.2.1',
      qname,
    });
    expect(await metricsText({ ...fullSnapshot(), counters: counters.state() })).not.toContain('secret');
  });
});
