// Makes elements. Whatever comes from the server goes in as text, never as markup.

const SVG = 'http://www.w3.org/2000/svg';

export const byId = (id) => document.getElementById(id);

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(key, value);
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(
    ...children.flat().filter((child) => child !== undefined && child !== null && child !== false),
  );
  return element;
}

/** An HTML element; functions among the attributes are listeners. */
export const el = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);

/** An SVG element. */
export const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

/**
 * Fills a table: `head` is a list of titles, each row a list of cells, text or elements. A title with a `|` in
 * front is that of a column of words, which starts at the left.
 */
export function fillTable(table, head, rows, emptyText) {
  const wordy = head.map((title) => title.startsWith('|'));
  const kind = (i) => (wordy[i] ? { class: 'words' } : {});
  const titles = head.map((title, i) => el('th', { scope: 'col', ...kind(i) }, title.replace('|', '')));
  const lines = rows.map(([first, ...rest]) =>
    el('tr', {}, el('th', { scope: 'row' }, first), ...rest.map((cell, i) => el('td', kind(i + 1), cell))),
  );
  const empty = el('tr', {}, el('td', { class: 'empty', colspan: head.length }, emptyText ?? 'Nothing yet'));
  table.replaceChildren(
    el('thead', {}, el('tr', {}, ...titles)),
    el('tbody', {}, ...(lines.length > 0 ? lines : [empty])),
  );
}

/** Bars with a label and a figure, longest first as given. */
export function fillBars(box, rows, emptyText) {
  const most = Math.max(...rows.map(({ value }) => value), 0);
  const bars = rows.map(({ label, value, text, share, className }) => {
    const bar = el('span', { class: `bar ${className ?? ''}` });
    bar.style.inlineSize = `${Math.max(0, Math.min(100, (share ?? (most === 0 ? 0 : value / most)) * 100))}%`;
    return el(
      'div',
      { class: 'bar-row' },
      el('span', { class: 'bar-label' }, label),
      el('span', { class: 'bar-figure' }, text),
      el('span', { class: 'bar-track' }, bar),
    );
  });
  box.replaceChildren(
    ...(bars.length > 0 ? bars : [el('p', { class: 'empty' }, emptyText ?? 'Nothing yet')]),
  );
}

/** Pairs of a term and what it is. */
export function fillFacts(list, pairs) {
  list.replaceChildren(
    ...pairs.map(([term, value]) => el('div', {}, el('dt', {}, term), el('dd', {}, value))),
  );
}
