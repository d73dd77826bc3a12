/** Splits RDATA text into tokens the way a zone parser does: blanks, quotes, escapes kept. */
import type { RdataToken } from '../../src/wire/rdata/token.js';

export function rdataTokens(text: string): RdataToken[] {
  const tokens: RdataToken[] = [];
  const pattern = /"((?:[^"\\]|\\.)*)"|((?:[^\s"\\]|\\.|(?<=\S)"(?:[^"\\]|\\.)*")+)/gs;
  for (const [, quoted, plain] of text.matchAll(pattern)) {
    tokens.push(quoted === undefined ? { text: plain!, quoted: false } : { text: quoted, quoted: true });
  }
  return tokens;
}
