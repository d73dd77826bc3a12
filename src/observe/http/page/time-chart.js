// What charts over time have in common: size, time axis, and a line to read values at, by pointer or arrow keys.

import { el, svg } from './elements.js';
import { duration } from './format.js';

/** How many steps a chart has, and how long they may be: the shortest that show all there is. */
const STEPS = 60;
const STEP_SECS = [1, 2, 5];
const LEFT = 50;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 20;

/** The length of a step that fits these frames, in seconds. */
function stepSecOf(frames) {
  const ageSec = frames.length === 0 ? 0 : (frames.at(-1).atMs - frames[0].atMs) / 1000;
  return STEP_SECS.find((stepSec) => stepSec * STEPS >= ageSec) ?? STEP_SECS.at(-1);
}

/**
 * Frames in steps of equal length that end at the newest frame, oldest first. A step without frames is empty;
 * `before` is how many seconds before now it ends.
 */
function stepsOf(frames, stepSec) {
  const endMs = frames.at(-1)?.atMs ?? 0;
  const steps = Array.from({ length: STEPS }, (_, i) => ({ before: (STEPS - 1 - i) * stepSec, frames: [] }));
  for (const frame of frames) {
    const at = STEPS - 1 - Math.floor((endMs - frame.atMs) / (stepSec * 1000));
    steps[at]?.frames.push(frame);
  }
  return steps;
}

export class TimeChart {
  /** @param options `label`, `describe(step, index)` gives the rows of the reading: [className, name, text] */
  constructor(box, { label, describe }) {
    this.box = box;
    this.describe = describe;
    this.steps = [];
    this.stepSec = STEP_SECS[0];
    this.readAt = undefined;
    this.svg = svg('svg', { role: 'img', 'aria-label': label, tabindex: '0', class: 'plot' });
    this.grid = svg('g', { class: 'grid' });
    this.marks = svg('g', { class: 'marks' });
    this.cursor = svg('line', { class: 'cursor', y1: TOP });
    this.reading = el('div', { class: 'reading', role: 'status' });
    this.svg.append(this.grid, this.marks, this.cursor);
    this.box.append(this.svg, this.reading);
    this.#listen();
    new ResizeObserver(() => this.redraw()).observe(this.box);
  }

  /** Draws anew from frames. Does nothing while hidden: it has no size then. */
  update(frames) {
    this.stepSec = stepSecOf(frames);
    this.steps = stepsOf(frames, this.stepSec);
    this.redraw();
  }

  redraw() {
    const { clientWidth, clientHeight } = this.box;
    if (clientWidth === 0) return;
    this.width = clientWidth;
    this.height = clientHeight;
    this.svg.setAttribute('viewBox', `0 0 ${clientWidth} ${clientHeight}`);
    this.plot = { left: LEFT, right: clientWidth - RIGHT, top: TOP, bottom: clientHeight - BOTTOM };
    this.draw();
    this.#showReading();
  }

  /** Horizontal place of a step's middle. */
  x(index) {
    return this.plot.left + ((index + 0.5) / STEPS) * (this.plot.right - this.plot.left);
  }

  /** Lines and labels: `levels` are [place from 0 at the bottom to 1, text]. */
  drawGrid(levels) {
    const { left, right, top, bottom } = this.plot;
    const rows = levels.flatMap(([place, text]) => {
      const y = bottom - place * (bottom - top);
      return [
        svg('line', { x1: left, x2: right, y1: y, y2: y }),
        svg('text', { x: left - 6, y: y + 4, 'text-anchor': 'end' }, text),
      ];
    });
    const spanSec = this.stepSec * STEPS;
    const times = [1, 0.8, 0.6, 0.4, 0.2, 0].map((share) => {
      const x = right - share * (right - left);
      const anchor = share === 0 ? 'end' : share === 1 ? 'start' : 'middle';
      const text = share === 0 ? 'now' : `−${duration(share * spanSec)}`;
      return svg('text', { x, y: this.height - 4, 'text-anchor': anchor }, text);
    });
    this.grid.replaceChildren(...rows, ...(this.width < 420 ? times.filter((_, i) => i % 2 === 1) : times));
  }

  #listen() {
    const at = (event) => {
      const box = this.svg.getBoundingClientRect();
      const share = (event.clientX - box.left - this.plot.left) / (this.plot.right - this.plot.left);
      this.#read(Math.floor(share * STEPS));
    };
    this.svg.addEventListener('pointermove', at);
    this.svg.addEventListener('pointerdown', at);
    this.svg.addEventListener('pointerleave', () => this.#read(undefined));
    this.svg.addEventListener('blur', () => this.#read(undefined));
    this.svg.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (event.key === 'Escape') this.#read(undefined);
      if (step === undefined) return;
      event.preventDefault();
      this.#read((this.readAt ?? STEPS) + step);
    });
  }

  #read(index) {
    this.readAt = index === undefined ? undefined : Math.max(0, Math.min(STEPS - 1, index));
    if (this.plot) this.#showReading();
  }

  #showReading() {
    const step = this.readAt === undefined ? undefined : this.steps[this.readAt];
    this.cursor.classList.toggle('on', step !== undefined);
    this.reading.classList.toggle('on', step !== undefined);
    if (!step) return;
    const x = this.x(this.readAt);
    this.cursor.setAttribute('x1', x);
    this.cursor.setAttribute('x2', x);
    this.cursor.setAttribute('y2', this.plot.bottom);
    const when = step.before === 0 ? 'now' : `${step.before} s ago`;
    const rows = this.describe(step, this.readAt).map(([className, name, text]) =>
      el('div', {}, el('span', { class: `swatch ${className}` }), el('span', {}, name), el('b', {}, text)),
    );
    this.reading.replaceChildren(el('div', { class: 'when' }, when), ...rows);
    this.reading.classList.toggle('to-left', x > this.width / 2);
    this.reading.style.insetInlineStart = `${x}px`;
  }
}
