// @ts-check
/**
 * Makes sure that a row about hits measured hits: NSD must have had next to nothing to do. A query costs it 10 us or more, so
 * the limit lets through about one miss in a hundred (a refresh now and then).
 */

const authorityLimitUs = 0.1;

/** @param {import('./index.mjs').Measured} measured @returns {string | undefined} a warning */
export function warnUnlessHits(measured) {
  if (measured.authorityUsPerQuery <= authorityLimitUs) return undefined;
  return 'not all were hits: the authoritative side was busy';
}
