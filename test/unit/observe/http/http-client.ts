/** Requests with any header, which fetch would not send, and raw octets. */
import { request } from 'node:http';
import { connect } from 'node:net';
import {
  createHttpServer,
  type HttpServer,
  type HttpServerOptions,
} from '../../../../src/observe/http/server.js';
import { systemClock } from '../../../../src/runtime/clock.js';
import { FakeControl } from './fake-control.js';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly json: unknown;
}

export interface Running {
  readonly control: FakeControl;
  readonly port: number;
  readonly errors: unknown[];
  send(
    path: string,
    options?: { method?: string; headers?: Record<string, string>; body?: string },
  ): Promise<Reply>;
  /** Sends octets and gives all that comes back until the server closes. */
  raw(octets: string): Promise<string>;
  close(): Promise<void>;
}

export async function startHttp(options: Partial<HttpServerOptions> = {}): Promise<Running> {
  const control = new FakeControl();
  const errors: unknown[] = [];
  const server: HttpServer = createHttpServer({
    address: '127.0.0.1',
    port: 0,
    token: null,
    control,
    clock: systemClock,
    onError: (error) => errors.push(error),
    ...options,
  });
  const { port } = await server.listen();
  const raw = (octets: string) =>
    new Promise<string>((resolve, reject) => {
      let got = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(octets));
      socket.setTimeout(10_000, () => socket.destroy(new Error('the server kept the connection')));
      socket.on('data', (chunk) => {
        got += chunk.toString('latin1');
      });
      socket.on('error', (error) =>
        'code' in error && error.code === 'ECONNRESET' ? resolve(got) : reject(error),
      );
      socket.on('close', () => resolve(got));
    });
  return {
    control,
    port,
    errors,
    raw,
    send: (path, given = {}) => send(port, path, given),
    close: () => server.close(),
  };
}

function send(
  port: number,
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string>; body?: string },
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method, headers, agent: false, timeout: 10_000 },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          let json: unknown;
          try {
            json = JSON.parse(text);
          } catch {
            json = undefined;
          }
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
        });
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('no reply')));
    sent.on('error', reject);
    sent.end(body);
  });
}
