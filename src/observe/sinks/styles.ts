/**
 * Marks for text on a terminal, as names of meaning instead of colours, and text made safe for one.
 */

export type Style = 'title' | 'good' | 'bad' | 'warn' | 'faint' | 'name' | 'plain';

/** Wraps text in what shows the style; gives it back unchanged where there is no colour. */
export type Paint = (style: Style, text: string) => string;

export const unpainted: Paint = (_style, text) => text;

// What moves the cursor, rings, or reverses the reading order: an answer must not rewrite the screen.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const unsafe = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Replaces characters that a terminal would obey by an escape, tabs by a space. Texts from servers pass through here. */
export function printable(text: string): string {
  return text
    .replaceAll('\t', ' ')
    .replace(unsafe, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** `0.42 ms`, `12.3 ms`, `1234 ms`: three figures say enough. */
export function formatMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
