/**
 * The HTTP server of statistics, trace and cache control.
 *
 * Runs beside the DNS listeners in the main thread and reaches them through `ServerControl` only. Every
 * request passes: size of URL and body, Host, rate limit, then the route with its own guard. All answers
 * but the page's files are JSON, errors too: `{ error: { code, message } }`.
 * RFC 9110, 9112. Limitations: HTTP/1.1 without TLS; put a reverse proxy in front for more.
 */
import type { AddressInfo, Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Clock } from '../../runtime/clock.js';
import type { ReloadResult, ServerControl } from '../control.js';
import { LiveFrames } from '../live-frames.js';
import { EventStreams } from './event-stream.js';
import { checkHost, type GuardOptions } from './guard.js';
import { defaultHttpLimits, type HttpLimits, RequestRates } from './limits.js';
import { HttpProblem, problemBody } from './problem.js';
import { addRoutes, guarded } from './routes.js';

export interface HttpServerOptions {
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly token: string | null;
  readonly control: ServerControl;
  readonly clock: Clock;
  readonly allowedHosts?: readonly string[];
  readonly limits?: Partial<HttpLimits>;
  /** Reads the configuration again; undefined: that cannot be asked for over HTTP. */
  readonly reload?: () => Promise<ReloadResult>;
  /** Told of errors that are bugs; the client sees only a 500. */
  readonly onError?: (error: unknown) => void;
}

export interface HttpServer {
  /** @returns where it listens. @throws what `listen` of node:net reports, EADDRINUSE and the like */
  listen(): Promise<{ readonly address: string; readonly port: number }>;
  /** Cuts off open connections; a second call does nothing. */
  close(): Promise<void>;
}

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const limits: HttpLimits = { ...defaultHttpLimits, ...options.limits };
  const app = createApp(limits);
  const guard: GuardOptions = options;
  const rates = new RequestRates(limits, options.clock);
  const frames = new LiveFrames(options.control, options.clock, options.onError);
  const streams = new EventStreams(frames, limits);
  app.server.maxConnections = limits.connections;
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(securityHeaders);
    checkSize(request, limits);
    checkHost(guarded(request), guard);
    rates.countRequest(request.ip);
  });
  app.setErrorHandler((error, _request, reply) => sendProblem(error, reply, options.onError));
  app.setNotFoundHandler((request, reply) => sendProblem(notFound(app, request), reply));
  addRoutes(app, { control: options.control, guard, rates, streams, reload: options.reload });
  return {
    async listen() {
      await app.listen({ host: options.address, port: options.port });
      frames.start();
      const { address, port } = app.server.address() as AddressInfo;
      return { address, port };
    },
    async close() {
      frames.stop();
      streams.close();
      await app.close();
    },
  };
}

function createApp(limits: HttpLimits): FastifyInstance {
  return Fastify({
    logger: false,
    bodyLimit: limits.bodyOctets,
    connectionTimeout: limits.idleMs,
    keepAliveTimeout: limits.idleMs,
    requestTimeout: limits.requestMs,
    maxRequestsPerSocket: 10_000,
    forceCloseConnections: true,
    trustProxy: false,
    http: {
      maxHeaderSize: limits.headerOctets,
      headersTimeout: limits.requestMs,
      connectionsCheckingInterval: Math.min(1000, limits.requestMs),
    },
    clientErrorHandler: (error, socket) => refuseSocket(error, socket),
    frameworkErrors: (_error, _request, reply) => {
      sendProblem(
        new HttpProblem(400, 'BAD_REQUEST', 'The URL cannot be read.'),
        reply.headers(securityHeaders),
      );
    },
  });
}

/** No other site may read, frame or script this one; nothing is kept by browsers. */
const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** Nearly nothing here takes a body, so that one over the limit is refused before it is read. */
function checkSize(request: FastifyRequest, limits: HttpLimits): void {
  if (request.raw.url !== undefined && request.raw.url.length > limits.urlOctets) {
    throw new HttpProblem(414, 'URL_TOO_LONG', `The URL is longer than ${limits.urlOctets} octets.`, {
      connection: 'close',
    });
  }
  const length = Number(request.headers['content-length'] ?? 0);
  const { bodyLimit = limits.bodyOctets } = request.routeOptions;
  if (length > bodyLimit || request.headers['transfer-encoding'] !== undefined) {
    throw new HttpProblem(
      413,
      'BODY_TOO_LARGE',
      `The body is larger than ${bodyLimit} octets or of unknown size.`,
      { connection: 'close' },
    );
  }
}

const methods = ['GET', 'POST', 'DELETE'] as const;

function notFound(app: FastifyInstance, request: FastifyRequest): HttpProblem {
  const url = request.url.split('?', 1)[0]!;
  const allowed = methods.filter((method) => app.hasRoute({ method, url }));
  if (allowed.length === 0) return new HttpProblem(404, 'NOT_FOUND', 'There is nothing here.');
  const allow = app.hasRoute({ method: 'HEAD', url }) ? ['HEAD', ...allowed] : allowed;
  return new HttpProblem(405, 'METHOD_NOT_ALLOWED', `Use ${allow.join(' or ')}.`, {
    allow: allow.join(', '),
  });
}

function sendProblem(error: unknown, reply: FastifyReply, onError?: (error: unknown) => void): void {
  const problem = error instanceof HttpProblem ? error : fromFramework(error);
  if (problem.status === 500) onError?.(error);
  reply.code(problem.status).headers(problem.headers).type('application/json; charset=utf-8');
  reply.send(problemBody(problem.code, problem.message));
}

/** What fastify refuses by itself has a status below 500; anything else is a bug of ours. */
function fromFramework(error: unknown): HttpProblem {
  const status = (error as { statusCode?: unknown }).statusCode;
  if (status === 413)
    return new HttpProblem(413, 'BODY_TOO_LARGE', 'The body is too large.', { connection: 'close' });
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new HttpProblem(status, 'BAD_REQUEST', 'The request cannot be read.');
  }
  return new HttpProblem(500, 'INTERNAL', 'The request could not be completed.');
}

/** What node:http could not parse, or was sent too slowly. No reply object exists for it. */
function refuseSocket(error: { code?: string }, socket: Socket): void {
  if (!socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const statuses = new Map([
    ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
    ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
  ]);
  const status = statuses.get(error.code ?? '') ?? '400 Bad Request';
  const body = JSON.stringify(problemBody('BAD_REQUEST', status.slice(4)));
  const head = [
    'content-type: application/json; charset=utf-8',
    `content-length: ${body.length}`,
    'connection: close',
  ];
  socket.end(`HTTP/1.1 ${status}\r\n${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
