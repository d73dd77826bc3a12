/**
 * What to forget as people write it: HTTP and the command line read it here, so that both take and refuse the same.
 */
import { type Flush, type FlushLayer, flushEverything, flushLayers } from '../cache/flush.js';
import { RRType } from '../dns/registry.js';
import { QuestionError, readName, readType } from './question-text.js';

export interface FlushText {
  readonly name?: string | undefined;
  readonly all?: boolean | undefined;
  readonly subtree?: boolean | undefined;
  readonly type?: string | undefined;
  /** Names of layers; several in one are parted by commas. */
  readonly layers?: readonly string[] | undefined;
  readonly negatives?: boolean | undefined;
}

const otherNames = new Map<string, FlushLayer>([
  ['failures', 'failure'],
  ['delegations', 'delegation'],
]);

/** @throws {QuestionError} */
export function readFlush(text: FlushText): Flush {
  const layers = readLayers(text.layers ?? []);
  const type = text.type === undefined ? undefined : readType(text.type);
  const rest = {
    ...(type === undefined || type === RRType.ANY ? {} : { type }),
    ...(layers ? { layers } : {}),
    ...(text.negatives ? { negatives: true } : {}),
  };
  if (text.all) {
    if (text.name !== undefined) throw new QuestionError('BAD_NAME', 'Give a name or say all, not both.');
    return { ...flushEverything, ...rest };
  }
  if (text.name === undefined) {
    throw new QuestionError('BAD_NAME', 'What to forget is missing: a name, or all.');
  }
  return { name: readName(text.name), subtree: text.subtree ?? false, ...rest };
}

function readLayers(texts: readonly string[]): FlushLayer[] | undefined {
  const names = texts.flatMap((text) => text.toLowerCase().split(','));
  if (names.length === 0) return undefined;
  return names.map((name) => {
    const layer = otherNames.get(name) ?? flushLayers.find((known) => known === name);
    if (layer) return layer;
    throw new QuestionError('BAD_LAYER', `That is no layer; known are ${flushLayers.join(', ')}.`);
  });
}

/** `at and below example.com., type A, only stub`: what a flush takes, in words. */
export function flushWords({ all, name, subtree, type, layers, negatives }: FlushText): string {
  const what = all ? 'everywhere' : `${subtree ? 'at and below' : 'under'} ${name}`;
  return [
    what,
    type === undefined ? '' : `type ${type.toUpperCase()}`,
    layers && layers.length > 0 ? `only ${layers.join(', ')}` : '',
    negatives ? 'only what denies or failed' : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}
