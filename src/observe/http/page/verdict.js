// The verdict on a walk: what happened, what failed first, who is to blame, what to do.

import { el } from './elements.js';
import { cacheLink } from './tables.js';

const blameWords = {
  nobody: 'nobody',
  client: 'the question',
  resolver: 'this resolver',
  parent: 'the parent zone',
  server: 'the server',
  zone: 'the zone',
  path: 'the network between',
};

export function drawVerdict(box, report) {
  const { verdict } = report;
  const tone =
    report.outcome === 'failure' ? 'bad' : report.stale || report.outcome !== 'answer' ? 'warn' : 'good';
  box.className = `card verdict tone-${tone}`;
  const blamed = verdict.blamed ? `: ${verdict.blamed}` : '';
  const facts = [
    ['First failing step', verdict.firstFailure],
    [
      'To blame',
      verdict.blame === 'nobody' ? undefined : (blameWords[verdict.blame] ?? verdict.blame) + blamed,
    ],
    ['What to do', verdict.ok && verdict.blame === 'nobody' ? undefined : verdict.advice],
    ['Near a limit', verdict.nearLimits.join(', ') || undefined],
    ...report.EDE.map((ede) => [`EDE ${ede.INFO_CODE}`, ede.EXTRA_TEXT]),
  ].filter(([, value]) => value !== undefined);
  const badges = [
    el(
      'span',
      { class: `badge outcome tone-${tone}` },
      report.reason ? `${report.outcome}: ${report.reason}` : report.outcome,
    ),
    report.security && el('span', { class: `badge is-${report.security}` }, report.security),
    report.stale && el('span', { class: 'badge is-insecure' }, 'stale'),
  ];
  const parts = [
    el('h2', { id: 'verdict-title' }, verdict.summary),
    el('p', { class: 'badges' }, ...badges.filter(Boolean)),
    report.records.length > 0 &&
      el(
        'ul',
        { class: 'records' },
        ...report.records.map((record) => el('li', {}, record.replaceAll('\t', ' '))),
      ),
    facts.length > 0 &&
      el(
        'dl',
        { class: 'verdict-facts' },
        ...facts.map(([term, value]) => el('div', {}, el('dt', {}, term), el('dd', {}, value))),
      ),
    el(
      'p',
      { class: 'entry-links' },
      el('a', { href: cacheLink(report.QNAME) }, 'What is cached under this name'),
    ),
  ];
  box.replaceChildren(...parts.filter(Boolean));
}
