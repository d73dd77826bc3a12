// Forgetting: a name, all below it, or everything; of one type, in some layers, or only what denies.

import { request } from './api.js';
import { confirmed } from './dialogs.js';
import { byId, el } from './elements.js';
import { count, plural } from './format.js';
import { layerClass } from './layers.js';

const layers = ['stub', 'resolver', 'negative', 'failure', 'delegation', 'infra'];

export class FlushPanel {
  #question;
  #done;

  /** @param options `question()` gives name and type of the form, `done(text, bad)` is told what became of it */
  constructor({ question, done }) {
    this.#question = question;
    this.#done = done;
    byId('flush-layers').append(
      ...layers.map((layer) =>
        el(
          'label',
          { class: 'chip' },
          el('input', { type: 'checkbox', name: 'layer', value: layer }),
          el('span', { class: `swatch ${layerClass(layer)}`, 'aria-hidden': 'true' }),
          layer,
        ),
      ),
    );
    byId('flush-name').addEventListener('click', () => this.#flush({}));
    byId('flush-subtree').addEventListener('click', () => this.#flush({ subtree: '1' }));
    byId('flush-all').addEventListener('click', () => this.#flush({ all: '1' }));
    byId('flush-some').addEventListener('change', () => this.#note());
  }

  #chosen() {
    const boxes = [...document.querySelectorAll('#flush-layers input:checked')];
    return { layers: boxes.map(({ value }) => value), negatives: byId('flush-negatives').checked };
  }

  /** What is chosen is seen though the part is folded. */
  #note() {
    const { layers: chosen, negatives } = this.#chosen();
    const parts = [...chosen, ...(negatives ? ['denials and failures'] : [])];
    byId('flush-some-note').textContent = parts.length === 0 ? '' : parts.join(', ');
  }

  async #flush(scope) {
    if (!scope.all && !byId('cache-form').reportValidity()) return;
    const { name, type } = this.#question();
    const { layers: chosen, negatives } = this.#chosen();
    const what = scope.all ? 'everything' : scope.subtree ? `${name} and every name below it` : name;
    const only = [
      type && `type ${type}`,
      chosen.length > 0 && `in ${chosen.join(', ')}`,
      negatives && 'only what denies or failed',
    ].filter(Boolean);
    const where = chosen.length > 0 ? 'These layers forget it.' : 'Every layer forgets it.';
    const text = `${only.length > 0 ? `${only.join(', ')}. ` : ''}${where} The next client that asks waits for a walk.`;
    if (!(await confirmed(`Flush ${what}?`, text, 'Flush'))) return;
    const query = new URLSearchParams(scope.all ? scope : { name, ...scope });
    if (type) query.set('type', type);
    for (const layer of chosen) query.append('layer', layer);
    if (negatives) query.set('negative', '1');
    try {
      const { removed, layers: counts } = await request('DELETE', '/cache', query);
      const parts = Object.entries(counts).filter(([, times]) => times > 0);
      const byLayer = parts.map(([layer, times]) => `${layer} ${count(times)}`).join(', ');
      await this.#done(
        `${plural(removed, 'entry', 'entries')} removed${byLayer ? `: ${byLayer}` : ''}`,
        false,
      );
    } catch (error) {
      await this.#done(error.message, true);
    }
  }
}
