// The classes of lookups in the order in which they lie: nearest to the client on top. Colours are in page.css.

export const layers = [
  ['stub', 'whole answers, ready to send'],
  ['resolver', 'RRsets'],
  ['negative', 'no such name, no such type'],
  ['synthesised', 'made from NSEC records or wildcards'],
  ['stale', 'past its TTL while servers are silent'],
  ['failure', 'failed a moment ago'],
  ['local', 'special names and local data'],
  ['joined', 'waited for an equal question'],
  ['shared', 'found by another resolver'],
  ['walked', 'asked the servers'],
  ['refused', 'not allowed, or over a limit'],
];

export const layerNames = layers.map(([name]) => name);
const described = new Map(layers);

/** Classes that cost no query to a server. */
export const cacheClasses = ['stub', 'resolver', 'negative', 'synthesised', 'stale', 'failure', 'local'];

export const describeLayer = (name) => described.get(name) ?? '';

/** The CSS class that carries a layer's colour; names that the page does not know share one. */
export const layerClass = (name) => (described.has(name) ? `layer-${name}` : 'layer-other');
