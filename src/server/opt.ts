/**
 * What EDNS carries back to one client.
 *
 * RFC 6891 6.1.1 (no OPT goes back where none came), RFC 5001 (NSID), RFC 7828 (keepalive, TCP only), RFC 7873 (cookies), RFC 8914
 * (Extended DNS Errors; several are allowed). Options that we do not know are ignored, padding too: on clear
 * text it hides nothing (RFC 7830 4).
 */
import type { ExtendedError } from '../dns/outcome.js';
import { EdnsOption } from '../dns/registry.js';
import type { Edns, EdnsOptionValue } from '../wire/message.js';
import { u16Octets } from '../wire/octets.js';
import type { Exchange } from './exchange.js';

/** `codes`: Extended DNS Errors without their texts, where the response is short of room. */
export type EdeDetail = 'full' | 'codes';

const MAX_ERRORS = 8;
const MAX_TEXT_CHARS = 200;
/** Keepalive counts in units of 100 ms. */
const KEEPALIVE_UNIT_MS = 100;

/** The EDNS of the response; undefined when the query had none. */
export function ednsFor(
  exchange: Exchange,
  errors: readonly ExtendedError[],
  detail: EdeDetail,
): Edns | undefined {
  const { query, settings, client, cookie } = exchange;
  const asked = query?.edns;
  if (!asked) return undefined;
  const options: EdnsOptionValue[] = [];
  for (const { code } of asked.options) {
    if (options.some((o) => o.code === code)) continue; // asked for twice, answered once
    if (code === EdnsOption.NSID && settings.identity !== undefined) {
      options.push({ code, data: utf8Octets(settings.identity) });
    } else if (code === EdnsOption.KEEPALIVE && client.transport === 'tcp') {
      options.push({ code, data: keepalive(settings.tcpIdleMs) });
    } else if (code === EdnsOption.COOKIE && cookie !== undefined) {
      options.push({ code, data: cookie });
    }
  }
  for (const error of errors.slice(0, MAX_ERRORS)) {
    const text = detail === 'full' ? utf8Octets(error.text.slice(0, MAX_TEXT_CHARS)) : '';
    options.push({ code: EdnsOption.EDE, data: u16Octets(error.code) + text });
  }
  return { version: 0, udpSize: settings.maxUdpOctets, do: asked.do, options };
}

function utf8Octets(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function keepalive(idleMs: number): string {
  return u16Octets(Math.min(65_535, Math.floor(idleMs / KEEPALIVE_UNIT_MS)));
}
