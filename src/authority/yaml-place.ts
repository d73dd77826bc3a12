/** Where a value of a YAML document stands, for errors that an editor can jump to. */
import {
  type Document,
  isCollection,
  isMap,
  isNode,
  isScalar,
  type LineCounter,
  type ParsedNode,
} from 'yaml';
import type { Place } from '../zone/zone-error.js';

/**
 * @param path keys and indexes from the top. What does not exist is reported at its nearest parent; a key that
 *   exists is reported where the key stands.
 */
export function placeOf(
  document: Document<ParsedNode>,
  lines: LineCounter,
  path: readonly PropertyKey[],
  file: string,
): Place {
  const { line, col } = lines.linePos(offsetOf(document, path));
  return { file, line: Math.max(1, line), column: Math.max(1, col) };
}

function offsetOf(document: Document<ParsedNode>, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const key of path) {
    if (!isCollection(node)) break;
    const pair = isMap(node)
      ? node.items.find((item) => isScalar(item.key) && item.key.value === key)
      : undefined;
    const next: unknown = node.get(key, true);
    const start = pair ? startOf(pair.key) : startOf(next);
    if (start === undefined) break;
    offset = start;
    node = next;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
