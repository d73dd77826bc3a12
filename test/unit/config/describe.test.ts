import { describe, expect, it } from 'vitest';
import { describeOptions, optionsMarkdown, optionsText } from '../../../src/config/describe.js';
import { defaultConfig, parseConfig } from '../../../src/config/load.js';
import { configJsonSchema } from '../../../src/config/schema.js';

describe('the text of options', () => {
  it('says for every option what it does, takes and defaults to', () => {
    const text = optionsText();
    const table = optionsMarkdown();
    for (const option of describeOptions()) {
      for (const part of [option.key, option.default, option.doc]) expect(text).toContain(part);
      expect(table).toContain(`| \`${option.key}\` |`);
      expect(option.doc).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('shows defaults that mean the defaults when they are written to a file', () => {
    const tree = new Map<string, string>(describeOptions().map(({ key, default: value }) => [key, value]));
    for (const [key, value] of tree) {
      const json = key.split('.').reduceRight((inner, part) => `{ "${part}": ${inner} }`, value);
      expect(parseConfig(json, key)).toEqual(defaultConfig());
    }
  });
});

describe('the JSON Schema', () => {
  it('allows no other keys, and knows the words of a choice', () => {
    const text = JSON.stringify(configJsonSchema());
    expect(text).toContain('"additionalProperties":false');
    expect(text).toContain('"enum":["strict","relaxed","off"]');
  });
});
