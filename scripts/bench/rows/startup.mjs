// @ts-check
/** From the start of the process to its first answer, which needs a walk from the root. Asked for every 5 ms. */

/** @type {import('./index.mjs').Row} */
export const startup = {
  id: 'startup',
  title: 'start to first answer',
  unit: 'ms',
  async measure(context) {
    return { value: context.startedMs, detail: { completed: 1, lost: 0, noerror: 1 } };
  },
};
