/**
 * $GENERATE: one line that stands for many records, as in BIND.
 *
 * Expands `$GENERATE range owner [ttl] [class] type data` to the text of record lines, which parse.ts scans
 * again. In owner and data `$` is the number, `\$` and `$$` a dollar sign, and `${offset,width,base}` the
 * number plus offset, padded with zeros to width, in base d, o, x, X, n or N (nibbles, for ip6.arpa).
 * Data may be one quoted string with several fields in it (BIND) or several tokens.
 */
import type { Token } from './scan.js';
import { type ZoneError, zoneError } from './zone-error.js';

/** More records than this from one line are taken for a mistake. */
const MAX_RECORDS = 65_536;

export type Generated = { readonly lines: readonly string[] } | { readonly error: ZoneError };

interface Range {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
}

/** @param tokens all tokens of the line, `$GENERATE` included */
export function expandGenerate(tokens: readonly Token[]): Generated {
  const [directive, rangeToken, ...template] = tokens;
  if (!rangeToken || template.length < 3) {
    return bad(directive!, 'expected $GENERATE start-stop[/step] owner [ttl] [class] type data');
  }
  const range = parseRange(rangeToken.text);
  if (!range) {
    return bad(rangeToken, `"${rangeToken.text}" is no range; expected start-stop or start-stop/step`);
  }
  if ((range.stop - range.start) / range.step >= MAX_RECORDS) {
    return bad(rangeToken, `the range makes more than ${MAX_RECORDS} records`);
  }
  const lines: string[] = [];
  for (let value = range.start; value <= range.stop; value += range.step) {
    const fields: string[] = [];
    for (const token of template) {
      const text = substitute(token.text, value);
      if (text === undefined) {
        return bad(token, `"${token.text}" has a bad \${offset,width,base}; base is d, o, x, X, n or N`);
      }
      // The quotes of quoted data only hold its fields together; escaped quotes inside are real ones.
      fields.push(token.quoted ? text.replace(/\\"/g, '"') : text);
    }
    lines.push(`${fields.join(' ')}\n`);
  }
  return { lines };
}

function bad(token: Token, message: string): Generated {
  return { error: zoneError('BAD_GENERATE', token, message) };
}

function parseRange(text: string): Range | undefined {
  const match = /^([0-9]{1,10})-([0-9]{1,10})(?:\/([0-9]{1,10}))?$/.exec(text);
  if (!match) return undefined;
  const range = { start: Number(match[1]), stop: Number(match[2]), step: Number(match[3] ?? 1) };
  const fits = range.stop <= 2 ** 31 - 1 && range.step > 0 && range.start <= range.stop;
  return fits ? range : undefined;
}

/** Undefined when a `${...}` in `text` is malformed. */
function substitute(text: string, value: number): string | undefined {
  let valid = true;
  const result = text.replace(
    /\\\$|\\.|\$\$|\$\{([^}]*)\}|\$\{?/g,
    (found: string, modifier: string | undefined) => {
      if (found === '\\$' || found === '$$') return '\\$';
      if (found.startsWith('\\')) return found;
      if (found === '$') return String(value);
      const formatted = modifier === undefined ? undefined : formatNumber(modifier, value);
      if (formatted === undefined) valid = false;
      return formatted ?? '';
    },
  );
  return valid ? result : undefined;
}

function formatNumber(modifier: string, value: number): string | undefined {
  const match = /^(-?[0-9]{1,10})(?:,([0-9]{1,3})(?:,([doxXnN]))?)?$/.exec(modifier.replace(/\s/g, ''));
  if (!match) return undefined;
  const number = value + Number(match[1]);
  if (number < 0) return undefined;
  const width = Number(match[2] ?? 0);
  const base = match[3] ?? 'd';
  if (base === 'n' || base === 'N') return nibbles(number, width, base === 'N');
  const digits = number.toString(base === 'o' ? 8 : base === 'd' ? 10 : 16).padStart(width, '0');
  return base === 'X' ? digits.toUpperCase() : digits;
}

/** Hexadecimal digits from the last to the first, dots between; the dots count into the width. */
function nibbles(value: number, width: number, upper: boolean): string {
  const count = Math.ceil(width / 2);
  const digits = [...value.toString(16).padStart(count, '0')].reverse().join('.');
  return upper ? digits.toUpperCase() : digits;
}
