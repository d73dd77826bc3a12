/**
 * `stratadns trace` and `stratadns explain`: one question walked here, or by a running server.
 */
import { formatName } from '../../dns/name.js';
import { formatType } from '../../dns/registry.js';
import type { Question } from '../../dns/rrset.js';
import { readQuestion } from '../../observe/question-text.js';
import { type TraceReport, traceQuestion } from '../../observe/sinks/collect.js';
import { explain as explainReport } from '../../observe/sinks/explain.js';
import { reportFromJson, reportToJson } from '../../observe/sinks/json.js';
import { treeLines } from '../../observe/sinks/tree.js';
import { verdictLines } from '../../observe/sinks/verdict-text.js';
import { silentLog } from '../../server/log.js';
import { readConfiguration } from '../configuration.js';
import { CliError, ExitCode, type Io, paintFor } from '../io.js';
import { namingPolicyFiles } from '../policy-problems.js';
import { ServerClient } from '../server-client.js';
import { packageVersion } from '../version.js';

export interface TraceOptions {
  readonly config?: string;
  readonly zones?: string;
  readonly at?: string;
  readonly json?: boolean;
  readonly fresh?: boolean;
  readonly client?: string;
  readonly token?: string;
  readonly record?: string;
  readonly replay?: string;
}

export async function trace(
  name: string | undefined,
  type: string | undefined,
  options: TraceOptions,
  io: Io,
): Promise<void> {
  const { report, say } = await walk(name, type, options, io);
  if (options.json) io.out(`${JSON.stringify(reportToJson(report), undefined, 2)}\n`);
  else io.out(`${treeLines(report, paintFor(io)).join('\n')}\n`);
  say();
}

export async function explain(
  name: string | undefined,
  type: string | undefined,
  options: TraceOptions,
  io: Io,
): Promise<void> {
  const { report, say } = await walk(name, type, options, io);
  const verdict = explainReport(report);
  const { question } = report;
  const title = `${formatName(question.name)} ${formatType(question.type)}`;
  if (options.json) io.out(`${JSON.stringify(verdict, undefined, 2)}\n`);
  else io.out(`${verdictLines(title, verdict, paintFor(io)).join('\n')}\n`);
  say();
}

/** A report, and what is to be said when it has been shown. */
interface Walked {
  readonly report: TraceReport;
  /** @throws {CliError} where the program has to end with another code than 0 */
  readonly say: () => void;
}

const nothing = () => {};

async function walk(
  name: string | undefined,
  type: string | undefined,
  options: TraceOptions,
  io: Io,
): Promise<Walked> {
  const { record, replay, at } = options;
  if (replay !== undefined) {
    const { replayHere } = await import('./recording.js');
    return replayHere(replay, name === undefined ? undefined : readQuestion(name, type), io);
  }
  if (name === undefined) throw new CliError(ExitCode.misused, "error: missing required argument 'name'");
  const question = readQuestion(name, type);
  if (record !== undefined) {
    const { recordHere, recordThere } = await import('./recording.js');
    return at === undefined
      ? recordHere(record, question, options, io)
      : recordThere(record, question, new ServerClient(at, options.token ?? io.token), io);
  }
  const report = at === undefined ? walkHere(question, options) : walkThere(question, at, options, io);
  return { report: await report, say: nothing };
}

/** The same stack as the server's, without listeners, and with caches that are empty. */
async function walkHere(question: Question, options: TraceOptions): Promise<TraceReport> {
  const config = readConfiguration({ config: options.config });
  const [{ Stack }, { withZoneProblems }] = await Promise.all([
    import('../../compose/stack.js'),
    import('./serve.js'),
  ]);
  const common = { mockPort: 0, log: silentLog, version: packageVersion() };
  const stack = await namingPolicyFiles({ file: options.config, config }, () =>
    withZoneProblems(() => Stack.create({ config, zonesDir: options.zones, ...common })),
  );
  try {
    return await traceQuestion(stack, question, { fresh: options.fresh, client: options.client });
  } finally {
    await stack.close(0);
  }
}

async function walkThere(
  question: Question,
  url: string,
  { fresh, client, token }: TraceOptions,
  io: Io,
): Promise<TraceReport> {
  const server = new ServerClient(url, token ?? io.token);
  const query = {
    name: formatName(question.name),
    type: formatType(question.type),
    ...(fresh ? { fresh: '1' } : {}),
    ...(client === undefined ? {} : { client }),
  };
  return reportFromJson(await server.json('GET', '/trace', query));
}
