// @ts-check
/**
 * From samples to a table: medians over the rounds, and the ratios that the targets are written in.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';
import { peers as allPeers } from './peers/index.mjs';

/**
 * @typedef {object} Sample
 * @property {string} row
 * @property {string} peer
 * @property {number} round
 * @property {number} [value] none when the measurement failed
 * @property {import('./rows/index.mjs').Detail} [detail]
 * @property {string} [warning]
 * @property {string} [error]
 */

/**
 * @typedef {object} Cell
 * @property {number | null} median
 * @property {number | null} lowest
 * @property {number | null} highest
 * @property {number | null} perSecond median rate of completed queries
 * @property {string[]} remarks
 */

/** @typedef {{ row: string, title: string, unit: string, cells: Record<string, Cell>, ratios: Record<string, number | null> }} Line */

/** The middle value, the mean of the two middle ones, or null. @param {number[]} values */
export function median(values) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = /** @type {number} */ (sorted[middle]);
  return sorted.length % 2 === 1 ? upper : (upper + /** @type {number} */ (sorted[middle - 1])) / 2;
}

/** @param {Sample[]} samples @returns {Cell} */
function cellOf(samples) {
  const values = samples.flatMap((sample) => (sample.value === undefined ? [] : [sample.value]));
  const rates = samples.flatMap((sample) =>
    sample.detail?.perSecond === undefined ? [] : [sample.detail.perSecond],
  );
  const remarks = samples.flatMap((sample) => sample.error ?? sample.warning ?? []);
  return {
    median: median(values),
    lowest: values.length > 0 ? Math.min(...values) : null,
    highest: values.length > 0 ? Math.max(...values) : null,
    perSecond: median(rates),
    remarks: [...new Set(remarks)],
  };
}

/** Ours against the best other resolver, Unbound, and the floor. @param {Record<string, Cell>} cells */
function ratiosOf(cells) {
  const usable = (/** @type {string} */ id) => (cells[id]?.remarks.length === 0 ? cells[id].median : null);
  const others = allPeers.filter((peer) => peer.kind === 'resolver' && peer.id !== 'ours');
  const values = others.flatMap((peer) => usable(peer.id) ?? []);
  const best = values.length > 0 ? Math.min(...values) : null;
  const own = usable('ours') ?? null;
  const over = (/** @type {number | null} */ other) => (own === null || !other ? null : own / other);
  return { best: over(best), unbound: over(usable('unbound')), floor: over(usable('floor')) };
}

export function describeMachine() {
  const model = /^model name\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'latin1'))?.[1] ?? 'unknown';
  return { model, cores: availableParallelism(), kernel: release(), node: process.version };
}

/**
 * @param {object} input
 * @param {Sample[]} input.samples
 * @param {Map<string, string>} input.versions
 * @param {import('./options.mjs').Options} input.options
 * @param {ReturnType<typeof describeMachine>} input.machine
 */
export function summarise({ samples, versions, options, machine }) {
  const lines = options.rows.map((row) => {
    /** @type {Record<string, Cell>} */
    const cells = {};
    for (const peer of options.peers) {
      const own = samples.filter((sample) => sample.row === row.id && sample.peer === peer.id);
      if (own.length > 0) cells[peer.id] = cellOf(own);
    }
    return { row: row.id, title: row.title, unit: row.unit, cells, ratios: ratiosOf(cells) };
  });
  const { rounds, seconds, zones, signedZones, fill, names, large, pin } = options;
  const settings = { rounds, seconds, zones, signedZones, fill, names, large, pin };
  return {
    date: new Date().toISOString(),
    machine,
    versions: Object.fromEntries(versions),
    settings,
    lines,
    samples,
  };
}

/** Three significant digits, without exponent. @param {number | null | undefined} value */
function figure(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '';
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

/** @param {string[][]} cells the first line is the head */
function table(cells) {
  const lines = cells.map((line) => `| ${line.join(' | ')} |`);
  lines.splice(1, 0, `|${' --- |'.repeat(cells[0]?.length ?? 0)}`);
  return lines.join('\n');
}

/** @param {ReturnType<typeof summarise>} report */
export function renderReport(report) {
  const shown = allPeers.filter((peer) => report.versions[peer.id] !== undefined);
  const titles = shown.map((peer) =>
    peer.kind === 'floor' ? peer.title : `${peer.title} ${report.versions[peer.id]}`,
  );
  const costs = [['work', 'unit', ...titles, 'ours / best peer', 'ours / Unbound', 'ours / floor']];
  const rates = [['queries per second', ...titles]];
  const remarks = [];
  for (const line of report.lines) {
    const cells = shown.map((peer) => line.cells[peer.id]);
    const mark = (/** @type {Cell | undefined} */ cell) =>
      cell && cell.remarks.length > 0 ? `${figure(cell.median)} (!)` : figure(cell?.median);
    costs.push([
      line.title,
      line.unit,
      ...cells.map(mark),
      figure(line.ratios.best),
      figure(line.ratios.unbound),
      figure(line.ratios.floor),
    ]);
    const hasRate = cells.some((cell) => cell?.perSecond);
    if (hasRate) rates.push([line.title, ...cells.map((cell) => figure(cell?.perSecond))]);
    for (const [index, cell] of cells.entries()) {
      for (const remark of cell?.remarks ?? []) remarks.push(`- ${line.row}, ${titles[index]}: ${remark}`);
    }
  }
  const { machine, settings } = report;
  const head = `# Benchmark, ${report.date.slice(0, 10)}

${machine.model}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}; medians of ${settings.rounds} rounds,
loads of ${settings.seconds} s; one worker each, DNSSEC off but for signed rows.
`;
  const notes = remarks.length > 0 ? `\n## Remarks\n\n${remarks.join('\n')}\n` : '';
  const rateTable = rates.length > 1 ? `\n${table(rates)}\n` : '';
  return `${head}\n${table(costs)}\n${rateTable}${notes}`;
}
