// The stacked picture: the share of each lookup class over time. Every column of it is full, from 0 to 100 %.

import { el, svg } from './elements.js';
import { percent, shares } from './format.js';
import { describeLayer, layerClass, layerNames } from './layers.js';
import { TimeChart } from './time-chart.js';

/** Steps over which shares are taken, so that a quiet second does not tear the picture. */
const WINDOW = 3;

const add = (counts, frame) => {
  for (const [name, count] of Object.entries(frame.classes)) {
    const known = layerNames.includes(name) ? name : 'refused';
    counts.set(known, (counts.get(known) ?? 0) + count);
  }
  return counts;
};

/** Queries by class in a few steps that end at `index`. */
function countsAt(steps, index) {
  const counts = new Map();
  for (const step of steps.slice(Math.max(0, index - WINDOW + 1), index + 1)) step.frames.reduce(add, counts);
  return counts;
}

/** The lower edges of all layers at one step, from 1 at the top down to 0; undefined without queries. */
function edgesOf(counts) {
  const sum = [...counts.values()].reduce((total, count) => total + count, 0);
  if (sum === 0) return undefined;
  let left = sum;
  return layerNames.map((name) => {
    left -= counts.get(name) ?? 0;
    return left / sum;
  });
}

/** Stretches of neighbouring steps that have data. */
function stretches(edges) {
  const found = [];
  edges.forEach((edge, index) => {
    if (edge === undefined) return;
    if (index > 0 && edges[index - 1] !== undefined) found.at(-1).push(index);
    else found.push([index]);
  });
  return found;
}

export class ShareChart extends TimeChart {
  constructor(box, legend) {
    super(box, {
      label: 'Share of queries by where the answer came from, over the last minutes',
      describe: (_step, index) => this.reading100(index),
    });
    this.legend = legend;
  }

  reading100(index) {
    const counts = countsAt(this.steps, index);
    const used = layerNames.filter((name) => counts.get(name) > 0);
    const figures = shares(used.map((name) => counts.get(name)));
    if (used.length === 0) return [['', 'no queries', '']];
    return used.map((name, i) => [layerClass(name), name, percent(figures[i])]);
  }

  draw() {
    this.drawGrid([
      [0, '0 %'],
      [0.25, '25'],
      [0.5, '50'],
      [0.75, '75'],
      [1, '100'],
    ]);
    const edges = this.steps.map((_step, index) => edgesOf(countsAt(this.steps, index)));
    const parts = stretches(edges);
    const paths = layerNames.map((name, layer) =>
      svg(
        'path',
        {
          class: layerClass(name),
          'data-layer': name,
          d: parts.map((stretch) => this.area(stretch, edges, layer)).join(''),
        },
        svg('title', {}, name),
      ),
    );
    this.marks.replaceChildren(...paths);
    this.drawLegend();
  }

  /** One layer over one stretch, from the edge of the layer above it down to its own. */
  area(stretch, edges, layer) {
    const { left, right, top, bottom } = this.plot;
    const half = (right - left) / this.steps.length / 2;
    const place = (share) => (bottom - share * (bottom - top)).toFixed(2);
    const points = stretch.flatMap((index, i) => {
      const above = layer === 0 ? 1 : edges[index][layer - 1];
      const below = edges[index][layer];
      const xs = [this.x(index)];
      if (i === 0) xs.unshift(this.x(index) - half);
      if (i === stretch.length - 1) xs.push(this.x(index) + half);
      return xs.map((x) => [x.toFixed(2), place(above), place(below)]);
    });
    const over = points.map(([x, above]) => `${x} ${above}`);
    const under = points.map(([x, , below]) => `${x} ${below}`).reverse();
    return `M${[...over, ...under].join('L')}Z`;
  }

  drawLegend() {
    const counts = new Map();
    for (const step of this.steps) step.frames.reduce(add, counts);
    const used = layerNames.filter((name) => counts.get(name) > 0);
    const figures = shares(used.map((name) => counts.get(name)));
    const items = used.map((name, i) =>
      el(
        'li',
        { title: describeLayer(name) },
        el('span', { class: `swatch ${layerClass(name)}` }),
        el('span', {}, name),
        el('b', {}, percent(figures[i])),
      ),
    );
    this.legend.replaceChildren(
      ...(items.length > 0 ? items : [el('li', { class: 'empty' }, 'No queries in the last five minutes')]),
    );
  }
}
