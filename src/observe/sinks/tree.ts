/**
 * A trace as a tree for people: what was asked of whom, what came back, what it was taken for.
 *
 * Events nest by span, then by zone, then by exchange, so that the walk from the root downwards is read
 * from top to bottom. event-lines.ts words a single event; this file owns the nesting and the lines.
 */
import { formatName } from '../../dns/name.js';
import { formatType } from '../../dns/registry.js';
import type { TracedEvent } from '../../runtime/trace.js';
import type { TraceReport } from './collect.js';
import { budgetLine, eventLine, outcomeLine } from './event-lines.js';
import { type Paint, plural, printable, unpainted } from './styles.js';

interface Branch {
  readonly line: string;
  readonly children: Branch[];
}

/** Where the next event of one span belongs. */
interface SpanCursor {
  readonly branch: Branch;
  zone: Branch | undefined;
}

/** The whole report as lines, without line ends. */
export function treeLines(report: TraceReport, paint: Paint = unpainted): string[] {
  const { question, outcome, omitted } = report;
  const title = `${printable(formatName(question.name))} ${formatType(question.type)}`;
  const root = growTree(report.events, title, paint);
  if (omitted > 0)
    root.children.push({ line: paint('warn', `${plural(omitted, 'event')} left out`), children: [] });
  root.children.push({
    line: outcomeLine(outcome, paint),
    children: outcome.records.map((record) => ({ line: printable(record), children: [] })),
  });
  const lines = [
    paint('title', root.line),
    ...root.children.flatMap((child, i) => draw(child, i === root.children.length - 1, paint)),
  ];
  const budget = report.events.findLast((event) => event.kind === 'budget');
  if (budget?.kind === 'budget') lines.push('', budgetLine(budget.used, paint));
  return lines;
}

function growTree(events: readonly TracedEvent[], title: string, paint: Paint): Branch {
  const root: Branch = { line: title, children: [] };
  const spans = new Map<number, SpanCursor>([[0, { branch: root, zone: undefined }]]);
  const exchanges = new Map<number, Branch>();
  for (const event of events) {
    if (event.kind === 'budget') continue;
    if (event.kind === 'span') {
      if (event.span !== 0) openSpan(event, spans, root, paint);
      continue;
    }
    const cursor = spans.get(event.span) ?? { branch: root, zone: undefined };
    place(event, cursor, exchanges, paint);
  }
  return root;
}

function openSpan(
  event: TracedEvent & { kind: 'span' },
  spans: Map<number, SpanCursor>,
  root: Branch,
  paint: Paint,
): void {
  const parent = spans.get(event.parent);
  const branch: Branch = { line: eventLine(event, paint), children: [] };
  (parent?.zone ?? parent?.branch ?? root).children.push(branch);
  spans.set(event.span, { branch, zone: undefined });
}

function place(event: TracedEvent, cursor: SpanCursor, exchanges: Map<number, Branch>, paint: Paint): void {
  const branch: Branch = { line: eventLine(event, paint), children: [] };
  if (event.kind === 'response') {
    for (const record of event.records)
      branch.children.push({ line: paint('faint', printable(record)), children: [] });
  }
  if (event.kind === 'zone') {
    cursor.branch.children.push(branch);
    cursor.zone = branch;
    return;
  }
  if (event.kind === 'alias' || event.kind === 'done') cursor.zone = undefined;
  if (event.kind === 'done' && event.span === 0) return; // the outcome says it, with its records
  const exchange = 'exchange' in event && event.kind !== 'query' ? exchanges.get(event.exchange) : undefined;
  (exchange ?? cursor.zone ?? cursor.branch).children.push(branch);
  if (event.kind === 'query') exchanges.set(event.exchange, branch);
}

function draw(branch: Branch, last: boolean, paint: Paint): string[] {
  const own = `${paint('faint', last ? '└─' : '├─')} ${branch.line}`;
  const indent = `${paint('faint', last ? ' ' : '│')}  `;
  const below = branch.children.flatMap((child, i) => draw(child, i === branch.children.length - 1, paint));
  return [own, ...below.map((line) => indent + line)];
}
