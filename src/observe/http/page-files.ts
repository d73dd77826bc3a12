/**
 * The files of the page, read once. They lie beside this module, in the sources as in what is built.
 */
import { readFileSync } from 'node:fs';

interface PageFile {
  readonly path: string;
  readonly type: string;
  readonly content: Buffer;
}

const files = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/page.css', 'page.css', 'text/css; charset=utf-8'],
  ['/page.js', 'page.js', 'text/javascript; charset=utf-8'],
] as const;

export function pageFiles(): PageFile[] {
  return files.map(([path, file, type]) => ({
    path,
    type,
    content: readFileSync(new URL(`./page/${file}`, import.meta.url)),
  }));
}
