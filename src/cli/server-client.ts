/**
 * Talks to a running server over its HTTP interface, for `--at`.
 *
 * What comes back is checked by whoever shows it; this file owns reaching the server and its refusals.
 */
import { printable } from '../observe/sinks/styles.js';
import { CliError, ExitCode } from './io.js';

export const defaultServerUrl = 'http://127.0.0.1:8053';
const TIMEOUT_MS = 30_000;

export class ServerClient {
  private readonly base: URL;

  /** @throws {CliError} when `url` is no HTTP URL */
  constructor(
    url: string,
    private readonly token: string | undefined,
  ) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new CliError(
        ExitCode.misused,
        `--at: expected a URL such as ${defaultServerUrl}; got ${JSON.stringify(url)}`,
      );
    }
    this.base = new URL(url);
  }

  async json(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    query: Readonly<Record<string, string>> | URLSearchParams = {},
  ): Promise<unknown> {
    const response = await this.request(method, path, query);
    try {
      return await response.json();
    } catch {
      throw this.notOurs();
    }
  }

  /** Posts lines of JSON. */
  async send(path: string, lines: string): Promise<unknown> {
    const response = await this.request('POST', path, {}, TIMEOUT_MS, lines);
    return response.json().catch(() => {
      throw this.notOurs();
    });
  }

  /** The body in pieces, as they come; `endless` has no limit of time but the server's. */
  async *stream(path: string, options: { readonly endless?: boolean } = {}): AsyncGenerator<string> {
    const { body } = await this.request('GET', path, {}, options.endless ? null : TIMEOUT_MS);
    if (!body) return;
    const decoder = new TextDecoder();
    try {
      for await (const chunk of body) yield decoder.decode(chunk, { stream: true });
    } catch (error) {
      throw new CliError(
        ExitCode.failed,
        `The server at ${this.base.origin} broke off (${reasonOf(error)}).`,
      );
    }
  }

  private async request(
    method: string,
    path: string,
    query: Readonly<Record<string, string>> | URLSearchParams,
    timeoutMs: number | null = TIMEOUT_MS,
    lines?: string,
  ): Promise<Response> {
    const url = new URL(path, this.base);
    url.search = new URLSearchParams(query).toString();
    const headers: Record<string, string> = {
      ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
      ...(lines === undefined ? {} : { 'content-type': 'application/x-ndjson' }),
    };
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        headers,
        body: lines,
        redirect: 'error',
        signal: timeoutMs === null ? undefined : AbortSignal.timeout(timeoutMs),
      });
    } catch (error) {
      const why = reasonOf(error);
      throw new CliError(
        ExitCode.failed,
        `No server answers at ${this.base.origin} (${why}). Start one with "stratadns serve", or give its URL with --at.`,
      );
    }
    if (response.ok) return response;
    const { text, problems } = await refusalOf(response);
    const said = [`The server at ${this.base.origin} refused: ${text}`, ...problems];
    throw new CliError(problems.length > 0 ? ExitCode.misused : ExitCode.failed, said.join('\n'));
  }

  /** For a reply that makes no sense. */
  notOurs(): CliError {
    return new CliError(ExitCode.failed, `What answers at ${this.base.origin} is not stratadns.`);
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const code = (cause as { code?: unknown }).code;
  if (typeof code === 'string') return code;
  return cause instanceof Error ? cause.message : String(cause);
}

/** What a server said against a request; `problems` are those of its configuration. */
interface Refusal {
  readonly text: string;
  readonly problems: readonly string[];
}

async function refusalOf(response: Response): Promise<Refusal> {
  const text = await response.text();
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown; problems?: unknown } };
    if (typeof error?.message === 'string') {
      const problems = Array.isArray(error.problems) ? error.problems.map((p) => printable(String(p))) : [];
      return { text: `${printable(error.message)} (${response.status})`, problems };
    }
  } catch {
    // Not our JSON; the status says enough.
  }
  return { text: `status ${response.status}`, problems: [] };
}
