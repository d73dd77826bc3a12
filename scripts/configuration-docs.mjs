// Writes the table of options into docs/configuration.md, between its markers, and the JSON Schema of the file for
// editors: `npm run docs`, after a build.
import { readFileSync, writeFileSync } from 'node:fs';
import { optionsMarkdown, schemaText } from '../dist/config/describe.js';

const page = new URL('../docs/configuration.md', import.meta.url);
const markers = /(<!-- options -->\n)[\s\S]*(<!-- end of options -->)/;
const text = readFileSync(page, 'utf8');
if (!markers.test(text)) throw new Error('docs/configuration.md has lost its markers');
writeFileSync(
  page,
  text.replace(markers, (_all, start, end) => `${start}${optionsMarkdown()}${end}`),
);
writeFileSync(new URL('../docs/stratadns.schema.json', import.meta.url), schemaText());
