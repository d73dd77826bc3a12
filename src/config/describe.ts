/**
 * The rows of fields.ts as text, for `--help` and for the documentation.
 */
import { allOptions, configJsonSchema } from './schema.js';

export interface OptionDescription {
  /** `cache.ttl.min` */
  readonly key: string;
  /** As it would be written in a file. */
  readonly default: string;
  readonly expected: string;
  readonly doc: string;
  readonly rfc: string | undefined;
}

/** Every option in the order of the contract. */
export function describeOptions(): OptionDescription[] {
  return [...allOptions()].map(([path, row]) => ({
    key: path.join('.'),
    default: typeof row.default === 'string' ? row.default : JSON.stringify(row.default),
    expected: row.kind.expected,
    doc: row.doc,
    rfc: row.rfc,
  }));
}

/** One paragraph per option, for a terminal. */
export function optionsText(): string {
  const paragraphs = describeOptions().map((option) => {
    const rfc = option.rfc === undefined ? '' : ` (RFC ${option.rfc})`;
    return `  ${option.key}\n      ${option.doc}${rfc}\n      ${option.expected}. Default: ${option.default}`;
  });
  return `Options of the configuration file (YAML):\n\n${paragraphs.join('\n')}\n`;
}

/** A Markdown table of all options. */
export function optionsMarkdown(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = describeOptions().map(({ key, default: value, expected, doc, rfc }) =>
    [`\`${key}\``, `\`${value}\``, cell(expected), cell(doc), rfc ?? ''].join(' | '),
  );
  return [
    '| key | default | takes | does | RFC |',
    '|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
    '',
  ].join('\n');
}

/** The JSON Schema of the file, for editors. */
export function schemaText(): string {
  return `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`;
}
