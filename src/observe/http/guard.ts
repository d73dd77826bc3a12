/**
 * Who may ask what over HTTP.
 *
 * Three questions, asked in this order before any route runs. Host: does the browser think it talks to us?
 * A web page elsewhere can point its own name at 127.0.0.1 (DNS rebinding), but cannot change the Host it
 * sends. Site: does another site make the browser ask? Fetch Metadata and Origin tell. Token or this
 * machine: may this client see names, or change state?
 * RFC 9110 7.2 (Host), RFC 6454 (Origin), RFC 6750 (Bearer), W3C Fetch Metadata.
 * Limitations: a program on this machine counts as its user. Behind a reverse proxy everyone looks local,
 * so what such a proxy marks as forwarded is never taken for local.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { addressOctets, formatAddress, loopbackNetworks, unmapped } from '../../runtime/networks.js';
import { HttpProblem } from './problem.js';

export interface GuardOptions {
  /** The address that was bound. */
  readonly address: string;
  readonly token: string | null;
  /** Host names under which this server may be reached besides its addresses, without port. */
  readonly allowedHosts?: readonly string[];
}

/** What the guard needs of a request. */
export interface GuardedRequest {
  readonly headers: IncomingHttpHeaders;
  readonly clientAddress: string;
}

/** The host of a Host header or of an authority, lower case, without port and brackets. */
export function hostOf(header: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]{1,5})?$/i.exec(header);
  return (match?.[1] ?? match?.[2])?.toLowerCase().replace(/(?<=.)\.$/, '');
}

/**
 * A request with the token may use any Host: no page elsewhere has it, and a scraper in another container
 * reaches this server by a name that is not known here.
 * @throws {HttpProblem} 403 unless Host names this server
 */
export function checkHost(request: GuardedRequest, options: GuardOptions): void {
  const host = hostOf(request.headers.host ?? '');
  if (host !== undefined && hostAllowed(host, options)) return;
  if (options.token !== null && hasToken(request.headers, options.token)) return;
  throw new HttpProblem(403, 'HOST_NOT_ALLOWED', 'The Host header does not name this server.');
}

function hostAllowed(host: string, { address, allowedHosts = [] }: GuardOptions): boolean {
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  if (allowedHosts.some((allowed) => allowed.toLowerCase() === host)) return true;
  const octets = addressOctets(host);
  if (!octets) return false;
  if (loopbackNetworks.has(octets)) return true;
  const bound = addressOctets(address);
  // A literal address cannot be rebound, so on a wildcard address any that led here will do.
  return (
    bound === undefined ||
    bound.every((octet) => octet === 0) ||
    formatAddress(bound) === formatAddress(octets)
  );
}

/** @throws {HttpProblem} 403 when a page of another site makes the browser ask */
export function checkSite(request: GuardedRequest): void {
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const foreignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  const foreignOrigin = origin !== undefined && origin.toLowerCase() !== `http://${host?.toLowerCase()}`;
  if (foreignSite || foreignOrigin) {
    throw new HttpProblem(403, 'CROSS_SITE', 'Requests that a page of another site causes are not answered.');
  }
}

/** True for a client on this machine that no proxy stands in for. */
export function isLocal({ headers, clientAddress }: GuardedRequest): boolean {
  const proxied = headers.forwarded ?? headers['x-forwarded-for'] ?? headers.via ?? headers['x-real-ip'];
  const octets = addressOctets(clientAddress.replace(/%.*$/, ''));
  return proxied === undefined && octets !== undefined && loopbackNetworks.has(unmapped(octets));
}

/**
 * For what shows names that clients asked for, or sends queries: the token, or this machine.
 * @throws {HttpProblem} 401 or 403
 */
export function checkReader(request: GuardedRequest, options: GuardOptions): void {
  checkSite(request);
  if (!isLocal(request)) demandToken(request, options);
}

/** Whether `checkReader` would let this request pass. */
export function mayReadNames(request: GuardedRequest, options: GuardOptions): boolean {
  try {
    checkReader(request, options);
    return true;
  } catch (error) {
    if (error instanceof HttpProblem) return false;
    throw error;
  }
}

/**
 * For what changes state: the token; where none is configured, this machine, from no other site.
 * @throws {HttpProblem} 401 or 403
 */
export function checkWriter(request: GuardedRequest, options: GuardOptions): void {
  checkSite(request);
  if (options.token !== null || !isLocal(request)) demandToken(request, options);
}

function demandToken({ headers }: GuardedRequest, { token }: GuardOptions): void {
  if (token === null) {
    throw new HttpProblem(
      403,
      'TOKEN_NEEDED',
      'Only this machine may do this, since no http.token is configured.',
    );
  }
  const challenge = { 'www-authenticate': 'Bearer realm="stratadns"' };
  if (headers.authorization === undefined) {
    throw new HttpProblem(401, 'TOKEN_NEEDED', 'This needs a Bearer token.', challenge);
  }
  if (!hasToken(headers, token))
    throw new HttpProblem(401, 'TOKEN_WRONG', 'The Bearer token is wrong.', challenge);
}

function hasToken({ authorization }: IncomingHttpHeaders, token: string): boolean {
  const given = /^Bearer +([\x21-\x7e]+)$/i.exec(authorization ?? '')?.[1];
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

/** Digests are of one length, so that comparing tells nothing of the token's. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
