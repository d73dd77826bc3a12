/**
 * The routes: what each path gives, with who may have it and which parameters it takes.
 */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { totalOf } from '../../cache/flush.js';
import { formatName } from '../../dns/name.js';
import type { ReloadResult, ServerControl } from '../control.js';
import { type TraceReport, traceQuestion } from '../sinks/collect.js';
import { eventLine } from '../sinks/event-lines.js';
import { explain } from '../sinks/explain.js';
import { type JsonObject, reportToJson } from '../sinks/json.js';
import { unpainted } from '../sinks/styles.js';
import type { EventStreams } from './event-stream.js';
import {
  checkReader,
  checkSite,
  checkWriter,
  type GuardedRequest,
  type GuardOptions,
  mayReadNames,
} from './guard.js';
import type { RequestRates } from './limits.js';
import { pageFiles } from './page-files.js';
import {
  addressParameter,
  flagParameter,
  flushParameters,
  nameParameter,
  onlyWith,
  questionParameters,
  readParameters,
  typeParameter,
} from './parameters.js';
import { HttpProblem, problemBody } from './problem.js';
import { statsView } from './stats-view.js';

export interface RouteContext {
  readonly control: ServerControl;
  readonly guard: GuardOptions;
  readonly rates: RequestRates;
  readonly streams: EventStreams;
  readonly reload: (() => Promise<ReloadResult>) | undefined;
}

/** What the guard reads of a request. */
export function guarded(request: FastifyRequest): GuardedRequest {
  return { headers: request.headers, clientAddress: request.ip };
}

/** Adds every route. */
export function addRoutes(app: FastifyInstance, context: RouteContext): void {
  addPage(app);
  addStatus(app, context);
  addEvents(app, context);
  addTrace(app, context);
  addCache(app, context);
  addReload(app, context);
}

function addPage(app: FastifyInstance): void {
  for (const { path, type, content } of pageFiles()) {
    app.get(path, (_request, reply) => reply.type(type).send(content));
  }
}

function addStatus(app: FastifyInstance, { control, guard }: RouteContext): void {
  app.get('/health', async (_request, reply) => {
    const health = await control.health();
    return reply.code(health.status === 'ok' ? 200 : 503).send(health);
  });
  app.get('/stats', async (request) => {
    const withNames = mayReadNames(guarded(request), guard);
    return statsView(await control.stats(), { withNames });
  });
  app.get('/metrics', async (_request, reply) => {
    // Loaded at the first scrape, since many servers are never scraped and starting must be fast.
    const { metricsContentType, metricsText } = await import('./metrics.js');
    return reply.type(metricsContentType).send(await metricsText(await control.stats()));
  });
}

/** Names are not in it, so that it needs no more rights than the statistics; but other sites may take no place. */
function addEvents(app: FastifyInstance, { streams }: RouteContext): void {
  app.get('/events', { exposeHeadRoute: false }, (request, reply) => {
    checkSite(guarded(request));
    readParameters(request.query, []);
    streams.admit(request.ip);
    const headers = reply.getHeaders() as Record<string, string>;
    reply.hijack();
    streams.serve(request.raw, reply.raw, request.ip, headers);
  });
}

function addTrace(app: FastifyInstance, { control, guard, rates }: RouteContext): void {
  app.get('/trace', async (request, reply) => {
    checkReader(guarded(request), guard);
    const known = ['name', 'type', 'fresh', 'client', 'explain', 'record'];
    const parameters = readParameters(request.query, known);
    const question = questionParameters(parameters);
    if (flagParameter(parameters, 'record')) {
      // It tells of the configuration, and asks servers anew each time.
      checkWriter(guarded(request), guard);
      onlyWith('record', parameters, ['name', 'type', 'fresh', 'record']);
      const text = await rates.walk(request.ip, () => control.record(question));
      return reply.type('application/json; charset=utf-8').send(text);
    }
    const fresh = flagParameter(parameters, 'fresh');
    const client = addressParameter(parameters, 'client');
    const explained = flagParameter(parameters, 'explain');
    return rates.walk(request.ip, async () => {
      const report = await traceQuestion(control, question, { fresh, client });
      return explained ? explainedReport(report) : reportToJson(report);
    });
  });
}

/** A report with the verdict on it, and with each event in words as well: what the page shows. */
function explainedReport(report: TraceReport): JsonObject {
  const lines = report.events.map((event) => eventLine(event, unpainted));
  return { ...reportToJson(report), verdict: explain(report), lines };
}

/** Lines of a dump that are taken at once; one RRset of the largest size fits. */
const LOAD_OCTETS = 1 << 20;

function addCache(app: FastifyInstance, { control, guard }: RouteContext): void {
  app.removeContentTypeParser('text/plain');
  app.addContentTypeParser(
    'application/x-ndjson',
    { parseAs: 'string', bodyLimit: LOAD_OCTETS },
    (_request, body, done) => done(null, body),
  );
  app.get('/cache', async (request) => {
    checkReader(guarded(request), guard);
    const parameters = readParameters(request.query, ['name', 'type']);
    const name = nameParameter(parameters);
    const entries = await control.showCache(name, typeParameter(parameters));
    return { name: formatName(name), entries };
  });
  app.get('/cache/dump', (request, reply) => {
    checkReader(guarded(request), guard);
    readParameters(request.query, []);
    return sendLines(reply, control);
  });
  // Who may not load is refused before the body is read.
  const onRequest = async (request: FastifyRequest) => checkWriter(guarded(request), guard);
  app.post<{ Body: string }>('/cache/load', { bodyLimit: LOAD_OCTETS, onRequest }, (request) => {
    readParameters(request.query, []);
    if (typeof request.body !== 'string') {
      throw new HttpProblem(400, 'BAD_REQUEST', 'The body must be lines of JSON (application/x-ndjson).');
    }
    return control.loadCache(request.body.split('\n'));
  });
  app.delete('/cache', async (request) => {
    checkWriter(guarded(request), guard);
    const flush = flushParameters(request.query);
    const layers = await control.flushCache(flush);
    return { name: formatName(flush.name), subtree: flush.subtree, removed: totalOf(layers), layers };
  });
}

function addReload(app: FastifyInstance, { guard, reload }: RouteContext): void {
  if (!reload) return;
  app.post('/reload', async (request, reply) => {
    checkWriter(guarded(request), guard);
    readParameters(request.query, []);
    const result = await reload();
    if (result.ok) return { needRestart: result.needRestart };
    const { error } = problemBody(
      'CONFIG_INVALID',
      'The new configuration cannot be used; the old one stays.',
    );
    return reply.code(400).send({ error: { ...error, problems: result.problems } });
  });
}

const PIECE_CHARS = 16_384;

/** One JSON object per line, made as the client takes them. */
function sendLines(reply: FastifyReply, control: ServerControl): FastifyReply {
  async function* lines(): AsyncGenerator<string> {
    let piece = '';
    for await (const entry of control.dumpCache()) {
      piece += `${JSON.stringify(entry)}\n`;
      if (piece.length < PIECE_CHARS) continue;
      yield piece;
      piece = '';
    }
    if (piece !== '') yield piece;
  }
  return reply.type('application/x-ndjson').send(Readable.from(lines()));
}
