// Draws a walk: a lane for the client, the caches, the resolver and each zone asked; time runs downwards, and a
// waterfall beside it shows how long each question to a server took.

import { svg } from './elements.js';
import { millis } from './format.js';
import { layerClass } from './layers.js';

const HEIGHTS = { exchange: 52, probe: 24, needs: 30, note: 26, ask: 32, reply: 34 };
/** Widths of a character of the two sizes of text, for cutting what does not fit. */
const CHAR = 6.4;
const WIDE = 720;
const LANE_LINE = 16;

export class WalkPicture {
  /** @param onChoose called with the row that was chosen */
  constructor(box, onChoose) {
    this.box = box;
    this.onChoose = onChoose;
    this.model = undefined;
    this.chosen = 0;
    new ResizeObserver(() => this.draw()).observe(box);
  }

  show(model) {
    this.model = model;
    const telling = [
      model.rows.findIndex(({ events }) => events?.includes(model.failingEvent)),
      model.rows.findIndex(({ tone }) => tone === 'bad'),
      model.rows.findLastIndex(({ kind }) => kind === 'exchange'),
      model.rows.findIndex(({ kind, tone }) => kind === 'probe' && tone === 'good'),
    ];
    this.chosen = telling.find((index) => index >= 0) ?? 0;
    this.draw();
    this.onChoose(model.rows[this.chosen]);
  }

  draw() {
    const width = this.box.clientWidth;
    if (!this.model || width === 0 || (width === this.width && this.drawn === this.model)) return;
    this.width = width;
    this.drawn = this.model;
    this.#place(width);
    const { rows } = this.model;
    this.groups = rows.map((row, index) => this.#row(row, index));
    const picture = svg(
      'svg',
      {
        viewBox: `0 0 ${width} ${this.height}`,
        height: this.height,
        class: 'walk-svg',
        role: 'listbox',
        'aria-label': 'Steps of the walk',
      },
      ...this.#lanes(),
      ...this.#waterfallGrid(),
      ...this.groups,
    );
    this.box.replaceChildren(picture);
    this.#mark();
  }

  /** Decides where lanes and rows lie. */
  #place(width) {
    const { lanes, rows } = this.model;
    const wide = width >= WIDE;
    this.gutter = wide ? 66 : 8;
    this.fallWidth = wide ? Math.min(200, width * 0.19) : 0;
    this.right = width - this.fallWidth - (wide ? 24 : 10);
    const near = wide ? 62 : 30;
    const first = this.gutter + (wide ? 22 : 6);
    const zones = lanes.length - 3;
    const zoneStart = first + 2 * near;
    const step =
      zones === 0 ? 0 : Math.min(wide ? 150 : 64, (this.right - zoneStart - (wide ? 36 : 8)) / zones);
    this.laneX = new Map(
      lanes.map(({ key }, i) => [key, i < 3 ? first + i * near : zoneStart + (i - 2) * step]),
    );
    const fits = lanes.every(({ label }, i) => label.length * CHAR < (i < 3 ? near : step) - 8);
    this.stairs = !fits;
    const head = this.stairs ? lanes.length * LANE_LINE + 10 : 34;
    let y = head;
    this.rowY = rows.map(({ kind }) => {
      const at = y;
      y += HEIGHTS[kind];
      return at;
    });
    this.head = head;
    this.height = y + 10;
  }

  #lanes() {
    return this.model.lanes.flatMap(({ key, label, kind }, i) => {
      const x = this.laneX.get(key);
      const y = this.stairs ? i * LANE_LINE + 14 : 18;
      const room = x + label.length * CHAR > this.width - this.fallWidth - 4;
      const anchor = this.stairs ? (room ? 'end' : 'start') : 'middle';
      const offset = this.stairs ? (room ? -5 : 5) : 0;
      return [
        svg('line', {
          class: `lane lane-${kind}`,
          x1: x,
          x2: x,
          y1: this.stairs ? y - 9 : y + 8,
          y2: this.height - 6,
        }),
        svg('text', { class: `lane-label lane-${kind}`, x: x + offset, y, 'text-anchor': anchor }, label),
      ];
    });
  }

  /** Time lines behind the waterfall. */
  #waterfallGrid() {
    if (this.fallWidth === 0) return [];
    const { endMs } = this.model;
    return [0, 0.5, 1].flatMap((share) => {
      const x = this.#timeX(share * endMs);
      const anchor = share === 0 ? 'start' : share === 1 ? 'end' : 'middle';
      return [
        svg('line', { class: 'time-line', x1: x, x2: x, y1: this.head - 4, y2: this.height - 6 }),
        svg(
          'text',
          { class: 'time-label', x, y: this.head - 10, 'text-anchor': anchor },
          share === 0 ? '0' : millis(share * endMs),
        ),
      ];
    });
  }

  #timeX(atMs) {
    const left = this.width - this.fallWidth;
    return left + (atMs / this.model.endMs) * (this.fallWidth - 10);
  }

  #row(row, index) {
    const y = this.rowY[index];
    const height = HEIGHTS[row.kind];
    const back = svg('rect', { class: 'row-back', x: 1, y, width: this.width - 2, height, rx: 5 });
    const group = svg(
      'g',
      {
        class: `row row-${row.kind} tone-${row.tone ?? 'plain'}`,
        role: 'option',
        'aria-label': this.#spoken(row),
        'aria-selected': 'false',
        tabindex: '-1',
        click: () => this.#choose(index, true),
        keydown: (event) => this.#key(event, index),
      },
      back,
      ...(row.depth > 0
        ? [svg('rect', { class: 'depth', x: 3, y: y + 2, width: 3 * row.depth, height: height - 4, rx: 1 })]
        : []),
      ...this.#time(row, y + 18),
      ...painters[row.kind](this, row, y),
    );
    return group;
  }

  #spoken(row) {
    const parts = [row.text, row.server, row.answer, row.note, `at ${millis(row.atMs)}`];
    return parts.filter((part) => part !== undefined).join(', ');
  }

  #time(row, y) {
    if (this.gutter < 40) return [];
    return [
      svg('text', { class: 'row-time', x: this.gutter - 4, y, 'text-anchor': 'end' }, millis(row.atMs)),
    ];
  }

  /** Text from `x` on, cut to what fits before the waterfall. */
  text(x, y, content, className = '') {
    const room = Math.max(4, Math.floor((this.right - x) / CHAR));
    const cut = content.length > room ? `${content.slice(0, room - 1)}…` : content;
    return svg(
      'text',
      { class: `row-text ${className}`, x, y },
      cut,
      ...(cut === content ? [] : [svg('title', {}, content)]),
    );
  }

  arrow(from, to, y, className) {
    const tip = to > from ? -7 : 7;
    return [
      svg('line', { class: `arrow ${className}`, x1: from, x2: to, y1: y, y2: y }),
      svg('path', { class: `arrow-head ${className}`, d: `M${to} ${y}l${tip} -4v8z` }),
    ];
  }

  bar(row, y) {
    if (this.fallWidth === 0) return [];
    const from = this.#timeX(row.atMs);
    const to = this.#timeX(row.endMs ?? this.model.endMs);
    return [
      svg('rect', { class: 'fall', x: from, y: y + 18, width: Math.max(3, to - from), height: 14, rx: 3 }),
    ];
  }

  #choose(index, focus) {
    this.chosen = index;
    this.#mark();
    if (focus) this.groups[index].focus({ preventScroll: false });
    this.onChoose(this.model.rows[index]);
  }

  #mark() {
    this.groups.forEach((group, i) => {
      const on = i === this.chosen;
      group.setAttribute('aria-selected', String(on));
      group.setAttribute('tabindex', on ? '0' : '-1');
    });
  }

  #key(event, index) {
    const last = this.model.rows.length - 1;
    const to = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#choose(Math.max(0, Math.min(last, to)), true);
  }
}

const painters = {
  ask(picture, row, y) {
    const from = picture.laneX.get('client');
    const to = picture.laneX.get('resolver');
    return [
      ...picture.arrow(from, to, y + 14, 'main'),
      picture.text(to + 9, y + 18, `${row.text}?`, 'strong'),
    ];
  },
  reply(picture, row, y) {
    const from = picture.laneX.get('resolver');
    const to = picture.laneX.get('client');
    const text = `${row.text} after ${millis(row.tookMs)}`;
    return [...picture.arrow(from, to, y + 16, 'main'), picture.text(from + 9, y + 20, text, 'strong')];
  },
  probe(picture, row, y) {
    const x = picture.laneX.get('caches');
    const to = picture.laneX.get('resolver');
    return [
      svg('line', { class: 'arrow', x1: x, x2: to, y1: y + 12, y2: y + 12 }),
      svg('circle', {
        class: `probe-dot ${row.tone === 'plain' ? 'missed' : layerClass(row.layer)}`,
        cx: x,
        cy: y + 12,
        r: 5.5,
      }),
      picture.text(to + 9, y + 16, `${row.text} · ${row.note}`, 'small'),
    ];
  },
  needs(picture, row, y) {
    const x = picture.laneX.get('resolver');
    return [
      svg('path', { class: 'turn', d: `M${x} ${y + 8}h7v10h-7` }),
      picture.text(x + 12, y + 19, `${row.text} (${row.note})`),
    ];
  },
  note(picture, row, y) {
    const x = picture.laneX.get('resolver');
    return [
      svg('path', { class: 'note-mark', d: `M${x - 5} ${y + 13}l5 -5l5 5l-5 5z` }),
      picture.text(x + 9, y + 17, row.text),
    ];
  },
  exchange(picture, row, y) {
    const from = picture.laneX.get('resolver');
    const to = picture.laneX.get(row.lane);
    const scrubbed = row.scrubbed > 0 ? ` · ${row.scrubbed} not believed` : '';
    const took = row.rttMs === undefined ? '' : `${millis(row.rttMs)} · `;
    const end = row.lost ? from + (to - from) * 0.55 : from;
    const back = row.lost
      ? [
          svg('path', { class: 'cross', d: `M${end - 4} ${y + 27}l8 8m0 -8l-8 8` }),
          svg('line', { class: 'arrow back', x1: to, x2: end, y1: y + 31, y2: y + 31 }),
        ]
      : picture.arrow(to, from, y + 31, 'back');
    return [
      ...picture.arrow(from, to, y + 23, ''),
      ...back,
      svg('circle', { class: 'server-dot', cx: to, cy: y + 27, r: 4.5 }),
      picture.text(from + 9, y + 16, `${row.text} → ${row.server} ${row.transport}`, 'small'),
      picture.text(from + 9, y + 45, `${took}${row.answer}${scrubbed}`, 'small answer'),
      ...picture.bar(row, y),
    ];
  },
};
