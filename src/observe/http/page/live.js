// The live line to the server: one frame a second by server-sent events, and the last five minutes of them.

const KEPT = 300;
/** After this long without a frame the figures are called old. */
const SILENT_MS = 5000;
const AGAIN_MS = 3000;

export class Live {
  frames = [];
  /** 'connecting', 'live' or 'lost'. */
  state = 'connecting';
  #listeners = new Set();
  #source;
  #lastMs = 0;
  #again;

  start() {
    this.#open();
    setInterval(() => this.#watch(), 1000);
  }

  /** Calls `listener` after every change of frames or state. */
  onChange(listener) {
    this.#listeners.add(listener);
  }

  #open() {
    clearTimeout(this.#again);
    this.#source?.close();
    const source = new EventSource('/events');
    this.#source = source;
    source.addEventListener('history', ({ data }) => this.#take(JSON.parse(data)));
    source.addEventListener('frame', ({ data }) => this.#take([JSON.parse(data)]));
    source.addEventListener('error', () => {
      this.#change('lost');
      // A refusal closes for good; the browser tries again by itself after anything else.
      if (source.readyState === EventSource.CLOSED) this.#again = setTimeout(() => this.#open(), AGAIN_MS);
    });
  }

  #take(frames) {
    const last = this.frames.at(-1);
    // A server that was started anew counts from 1 again.
    const anew = last && frames.length > 0 && frames[0].uptimeSec < last.uptimeSec;
    const known = anew ? [] : this.frames;
    const newer = frames.filter(({ id }) => anew || last === undefined || id > last.id);
    this.frames = [...known, ...newer].slice(-KEPT);
    this.#lastMs = performance.now();
    this.#change('live');
  }

  #watch() {
    if (this.state === 'live' && performance.now() - this.#lastMs > SILENT_MS) this.#change('lost');
  }

  #change(state) {
    this.state = state;
    for (const listener of this.#listeners) listener(this);
  }
}
