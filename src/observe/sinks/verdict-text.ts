/**
 * A verdict as lines for a terminal.
 */
import type { Blame } from './evidence.js';
import type { Verdict } from './explain.js';
import { formatMs, type Paint, unpainted } from './styles.js';

const blameWords: Readonly<Record<Blame, string>> = {
  nobody: 'nobody',
  client: 'what was asked for',
  resolver: 'this resolver',
  parent: 'the parent zone',
  server: 'the name server',
  zone: 'the owner of the zone',
  path: 'the network path',
};

/** @param title what was asked, ready to print */
export function verdictLines(title: string, verdict: Verdict, paint: Paint = unpainted): string[] {
  const lines = [paint('title', title), `${paint(verdict.ok ? 'good' : 'bad', verdict.summary)}`, ''];
  const row = (label: string, value: string) => lines.push(`${paint('faint', label.padEnd(14))}${value}`);
  if (verdict.firstFailure !== undefined) row('first failure', verdict.firstFailure);
  if (verdict.blame !== 'nobody') {
    row(
      'to blame',
      `${blameWords[verdict.blame]}${verdict.blamed === undefined ? '' : `: ${verdict.blamed}`}`,
    );
  }
  row('what to do', verdict.advice);
  for (const rule of verdict.rules) row('rule', rule);
  for (const limit of verdict.nearLimits) row('near a limit', limit);
  if (verdict.servers.length > 0) {
    lines.push('', paint('faint', 'servers asked'));
    const width = Math.min(48, Math.max(...verdict.servers.map(({ label }) => label.length)));
    for (const server of verdict.servers) {
      const took = server.tookMs === undefined ? '' : paint('faint', ` ${formatMs(server.tookMs)}`);
      const result = paint(server.answered ? 'plain' : 'bad', server.result);
      lines.push(
        `  ${server.label.padEnd(width)}  ${paint('faint', `${server.transport.padEnd(3)} zone ${server.zone}`)}  ${result}${took}`,
      );
    }
  }
  return lines;
}
