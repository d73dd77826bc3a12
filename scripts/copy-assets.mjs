// Copies what the compiler leaves behind, the files of the status page, to where the modules and the bundle look for them.
import { cpSync } from 'node:fs';

const page = new URL('../src/observe/http/page/', import.meta.url);
for (const folder of ['observe/http/page/', 'program/page/']) {
  cpSync(page, new URL(`../dist/${folder}`, import.meta.url), { recursive: true });
}
