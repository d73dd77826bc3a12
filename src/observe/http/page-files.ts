/**
 * The files of the page, read once. They lie beside this module, in the sources as in what is built.
 *
 * What may be fetched is the closed list of files found at the start, each at a path of its own.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';

interface PageFile {
  readonly path: string;
  readonly type: string;
  readonly content: Buffer;
}

const folder = new URL('./page/', import.meta.url);
const types = new Map([
  ['.css', 'text/css; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
]);

export function pageFiles(): PageFile[] {
  const parts = readdirSync(folder).flatMap((file) => {
    const type = types.get(extname(file));
    return type === undefined ? [] : [{ path: `/page/${file}`, type, content: read(file) }];
  });
  return [{ path: '/', type: 'text/html; charset=utf-8', content: read('index.html') }, ...parts];
}

function read(file: string): Buffer {
  return readFileSync(new URL(file, folder));
}
