// Lines over time, on a plain scale from 0 or a logarithmic one.

import { svg } from './elements.js';
import { TimeChart } from './time-chart.js';

/** The next of 1, 2, 5, 10, 20, ... at or above `value`. */
function niceAbove(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((nice) => nice >= value * 0.999) ?? 10 * power;
}

function plainScale(most) {
  const limit = niceAbove(Math.max(most, 1));
  return {
    place: (value) => value / limit,
    levels: [0, 0.5, 1].map((place) => [place, place * limit]),
  };
}

function logScale(least, most) {
  const low = Math.floor(Math.log10(Math.max(least, 1e-3)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(most, 1e-3))));
  const powers = Array.from({ length: high - low + 1 }, (_, i) => low + i);
  const place = (value) => Math.max(0, (Math.log10(Math.max(value, 1e-3)) - low) / (high - low));
  return { place, levels: powers.map((power) => [(power - low) / (high - low), 10 ** power]) };
}

export class LineChart extends TimeChart {
  /**
   * @param lines [{ name, className, area, value(step) }] where a value may be undefined
   * @param options `label`, `format(value)`, `axis(value)` for the scale, `log`
   */
  constructor(box, lines, { label, format, axis = format, log = false }) {
    super(box, {
      label,
      describe: (step) =>
        lines.map(({ name, className, value }) => [
          className,
          name,
          value(step) === undefined ? '–' : format(value(step)),
        ]),
    });
    this.lines = lines;
    this.axis = axis;
    this.log = log;
  }

  draw() {
    const values = this.lines.map(({ value }) => this.steps.map((step) => value(step)));
    const all = values.flat().filter((value) => value !== undefined);
    const most = Math.max(...all, 0);
    const positive = all.filter((value) => value > 0);
    const scale = this.log ? logScale(Math.min(...positive, most || 1), most || 1) : plainScale(most);
    this.drawGrid(scale.levels.map(([place, value]) => [place, this.axis(value)]));
    this.marks.replaceChildren(...this.lines.flatMap((line, i) => this.drawLine(line, values[i], scale)));
  }

  drawLine({ className, area }, values, scale) {
    const { top, bottom } = this.plot;
    const runs = [];
    values.forEach((value, index) => {
      if (value === undefined) return;
      const point = `${this.x(index).toFixed(1)} ${(bottom - scale.place(value) * (bottom - top)).toFixed(1)}`;
      if (index > 0 && values[index - 1] !== undefined) runs.at(-1).points.push(point);
      else runs.push({ from: index, points: [point] });
    });
    return runs.flatMap(({ from, points }) => {
      const line = points.length === 1 ? `M${points[0]}h.01` : `M${points.join('L')}`;
      const stroke = svg('path', { class: `line ${className}`, d: line });
      if (!area) return [stroke];
      const last = this.x(from + points.length - 1).toFixed(1);
      const d = `M${this.x(from).toFixed(1)} ${bottom}L${points.join('L')}L${last} ${bottom}Z`;
      return [svg('path', { class: `area ${className}`, d }), stroke];
    });
  }
}
