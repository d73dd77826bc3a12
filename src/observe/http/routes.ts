/**
 * The routes: what each path gives, with who may have it and which parameters it takes.
 */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { formatName } from '../../dns/name.js';
import type { ServerControl } from '../control.js';
import { traceQuestion } from '../sinks/collect.js';
import { reportToJson } from '../sinks/json.js';
import { checkReader, checkWriter, type GuardedRequest, type GuardOptions } from './guard.js';
import type { RequestRates } from './limits.js';
import { pageFiles } from './page-files.js';
import { flagParameter, nameParameter, questionParameters, readParameters } from './parameters.js';
import { statsView } from './stats-view.js';

export interface RouteContext {
  readonly control: ServerControl;
  readonly guard: GuardOptions;
  readonly rates: RequestRates;
}

/** What the guard reads of a request. */
export function guarded(request: FastifyRequest): GuardedRequest {
  return { headers: request.headers, clientAddress: request.ip };
}

/** Adds every route. */
export function addRoutes(app: FastifyInstance, context: RouteContext): void {
  addPage(app);
  addStatus(app, context);
  addCache(app, context);
}

function addPage(app: FastifyInstance): void {
  for (const { path, type, content } of pageFiles()) {
    app.get(path, (_request, reply) => reply.type(type).send(content));
  }
}

function addStatus(app: FastifyInstance, { control, guard, rates }: RouteContext): void {
  app.get('/health', async (_request, reply) => {
    const health = await control.health();
    return reply.code(health.status === 'ok' ? 200 : 503).send(health);
  });
  app.get('/stats', async () => statsView(await control.stats()));
  app.get('/metrics', async (_request, reply) => {
    // Loaded at the first scrape, since many servers are never scraped and starting must be fast.
    const { metricsContentType, metricsText } = await import('./metrics.js');
    return reply.type(metricsContentType).send(await metricsText(await control.stats()));
  });
  app.get('/trace', async (request) => {
    checkReader(guarded(request), guard);
    const parameters = readParameters(request.query, ['name', 'type', 'fresh']);
    const question = questionParameters(parameters);
    const fresh = flagParameter(parameters, 'fresh');
    return rates.walk(request.ip, async () =>
      reportToJson(await traceQuestion(control, question, { fresh })),
    );
  });
}

function addCache(app: FastifyInstance, { control, guard }: RouteContext): void {
  app.get('/cache', async (request) => {
    checkReader(guarded(request), guard);
    const name = nameParameter(readParameters(request.query, ['name']));
    return { name: formatName(name), entries: await control.showCache(name) };
  });
  app.get('/cache/dump', (request, reply) => {
    checkReader(guarded(request), guard);
    readParameters(request.query, []);
    return sendLines(reply, control);
  });
  app.delete('/cache', async (request) => {
    checkWriter(guarded(request), guard);
    const parameters = readParameters(request.query, ['name', 'subtree']);
    const name = nameParameter(parameters);
    const subtree = flagParameter(parameters, 'subtree');
    return { name: formatName(name), subtree, removed: await control.flushCache(name, { subtree }) };
  });
}

/** One JSON object per line, made as the client takes them. */
function sendLines(reply: FastifyReply, control: ServerControl): FastifyReply {
  async function* lines(): AsyncGenerator<string> {
    for await (const entry of control.dumpCache()) yield `${JSON.stringify(entry)}\n`;
  }
  return reply.type('application/x-ndjson').send(Readable.from(lines()));
}
