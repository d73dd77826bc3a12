/** The tag of CAA: letters and digits behind a length octet, written without quotes (RFC 8659 4.1). */
import type { Octets } from '../../dns/name.js';
import type { Field } from './field.js';
import { string } from './strings.js';

const base = string('tag');

export const caaTag: Field = {
  ...base,
  format: (rdata, at, end) => rdata.slice(at + 1, end),
  parse(tokens) {
    const tag = tokens.string('tag');
    return String.fromCharCode(tag.length) + tag;
  },
};

/** Rules on content: the tag is not empty and has only letters and digits. */
export function checkCaa(rdata: Octets): string | undefined {
  const tag = rdata.slice(2, 2 + rdata.charCodeAt(1));
  return /^[A-Za-z0-9]+$/.test(tag) ? undefined : 'tag is not letters and digits';
}
