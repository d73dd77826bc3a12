// Requests to the server, with the token where it wants one.

import { askToken } from './dialogs.js';

const KEY = 'stratadns-token';

/** A refusal of the server, with its sentence. */
export class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

async function send(method, path, query) {
  const token = sessionStorage.getItem(KEY);
  const url = `${path}${query ? `?${new URLSearchParams(query)}` : ''}`;
  let response;
  try {
    response = await fetch(url, { method, headers: token ? { authorization: `Bearer ${token}` } : {} });
  } catch {
    throw new Refusal('NO_SERVER', 'The server does not answer.');
  }
  const body = await response.json().catch(() => undefined);
  if (response.ok && body !== undefined) return body;
  const error = body?.error ?? {
    code: 'UNKNOWN',
    message: `The server answered with status ${response.status}.`,
  };
  throw new Refusal(error.code, error.message);
}

/** Reads without asking the user for anything; for what runs in the background. */
export const read = (path) => send('GET', path);

/** Asks for the token when the server wants one, until it is right or the user gives up. */
export async function request(method, path, query) {
  for (;;) {
    try {
      return await send(method, path, query);
    } catch (error) {
      const wanted =
        error.code === 'TOKEN_WRONG' || (error.code === 'TOKEN_NEEDED' && /Bearer/.test(error.message));
      if (!wanted) throw error;
      const token = await askToken(error.code === 'TOKEN_WRONG' ? 'That token is wrong.' : undefined);
      if (token === undefined) throw error;
      sessionStorage.setItem(KEY, token);
    }
  }
}
