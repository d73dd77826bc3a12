/**
 * The content of EDNS options: Extended DNS Errors, cookies, NSID, keepalive.
 *
 * RFC 8914 2 (EDE), 7873 4 (cookies), 5001 2.3 (NSID), 7828 3.1 (keepalive).
 * Limitations: only shapes are checked here; whether a cookie is genuine is its owner's business.
 */
import type { Octets } from '../dns/name.js';
import { Ede, EdnsOption } from '../dns/registry.js';
import type { Edns, EdnsOptionValue } from './message.js';
import { u16At, u16Octets } from './octets.js';
import { toHex } from './rdata/binary.js';

/** An Extended DNS Error as it stands in a message: the code may be one that has no name yet. */
export interface WireEde {
  readonly code: number;
  readonly text: string;
}

/** Longest EXTRA-TEXT we send; more would push records out of the message. */
const MAX_EDE_TEXT_OCTETS = 255;
export const CLIENT_COOKIE_OCTETS = 8;
const MIN_SERVER_COOKIE_OCTETS = 8;
const MAX_SERVER_COOKIE_OCTETS = 32;

const edeNames = new Map<number, string>(
  Object.entries(Ede).map(([name, code]) => [code, name.toLowerCase().replaceAll('_', ' ')]),
);
const optionNames = new Map<number, string>(Object.entries(EdnsOption).map(([name, code]) => [code, name]));

/** `stale answer` for 3, `code 77` for one that is not known. */
export function edeName(code: number): string {
  return edeNames.get(code) ?? `code ${code}`;
}

/** The EDE option; text over 255 octets is cut at a char. */
export function encodeEde(error: WireEde): EdnsOptionValue {
  let text = error.text;
  if (Buffer.byteLength(text) > MAX_EDE_TEXT_OCTETS) {
    const cut = Buffer.from(text).subarray(0, MAX_EDE_TEXT_OCTETS).toString();
    text = cut.replace(/\ufffd$/, '');
  }
  return { code: EdnsOption.EDE, data: u16Octets(error.code) + Buffer.from(text).toString('latin1') };
}

/** Reads an EDE option; undefined when it is none. Octets that are not UTF-8 become U+FFFD. */
export function decodeEde(option: EdnsOptionValue): WireEde | undefined {
  if (option.code !== EdnsOption.EDE || option.data.length < 2) return undefined;
  const text = Buffer.from(option.data.slice(2), 'latin1').toString('utf8');
  return { code: u16At(option.data, 0), text: text.replace(/\0+$/, '') }; // RFC 8914 2: a NUL at the end may come
}

/** All EDEs of a message. */
export function edesOf(edns: Edns | undefined): WireEde[] {
  return (edns?.options ?? []).map(decodeEde).filter((ede) => ede !== undefined);
}

/** The first option with this code. */
export function findOption(edns: Edns | undefined, code: number): EdnsOptionValue | undefined {
  return edns?.options.find((option) => option.code === code);
}

export interface Cookie {
  /** 8 octets. */
  readonly client: Octets;
  /** Empty, or 8 to 32 octets. */
  readonly server: Octets;
}

export function encodeCookie(cookie: Cookie): EdnsOptionValue {
  return { code: EdnsOption.COOKIE, data: cookie.client + cookie.server };
}

/** Undefined when the option is not a cookie of a legal length; the answer to that is FORMERR (RFC 7873 5.2.2). */
export function decodeCookie(option: EdnsOptionValue): Cookie | undefined {
  if (option.code !== EdnsOption.COOKIE) return undefined;
  if (!isCookieLength(option.data.length)) return undefined;
  const client = option.data.slice(0, CLIENT_COOKIE_OCTETS);
  return { client, server: option.data.slice(CLIENT_COOKIE_OCTETS) };
}

/** Whether the data of a COOKIE option may have so many octets: the client's part alone, or with a server's (RFC 7873 4). */
export function isCookieLength(octets: number): boolean {
  const server = octets - CLIENT_COOKIE_OCTETS;
  return server === 0 || (server >= MIN_SERVER_COOKIE_OCTETS && server <= MAX_SERVER_COOKIE_OCTETS);
}

/** The edns-tcp-keepalive option of a response. The wire counts 100 ms; more than 6553.5 s is cut to that. */
export function encodeKeepalive(timeoutMs: number): EdnsOptionValue {
  return { code: EdnsOption.KEEPALIVE, data: u16Octets(Math.min(65535, Math.floor(timeoutMs / 100))) };
}

/** The timeout of a response's keepalive option, in ms; undefined when it has none or is malformed. */
export function decodeKeepaliveMs(option: EdnsOptionValue): number | undefined {
  if (option.code !== EdnsOption.KEEPALIVE || option.data.length !== 2) return undefined;
  return u16At(option.data, 0) * 100;
}

/** The NSID option of a response; with '' that of a query. */
export function encodeNsid(id: Octets): EdnsOptionValue {
  return { code: EdnsOption.NSID, data: id };
}

/** `EDE: 3 (stale answer) text`, `COOKIE: 0102...`. */
export function formatOption(option: EdnsOptionValue): string {
  const ede = decodeEde(option);
  if (ede !== undefined)
    return `EDE: ${ede.code} (${edeName(ede.code)})${ede.text === '' ? '' : ` ${printable(ede.text)}`}`;
  return `${optionNames.get(option.code) ?? `OPT${option.code}`}: ${toHex(option.data)}`;
}

/** Text of a stranger must not move the cursor of whoever reads it. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '?');
}
