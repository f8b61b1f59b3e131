import type { Context } from 'hono';
import type { ApiEnv } from '../context.ts';

/**
 * Aborts once nobody waits for the answer: the client is gone, or has it. Node's own answer says so: the request's
 * signal does not, since its body was read and it was made anew (json-body.ts). Undefined where a test calls the app
 * without a server.
 */
export function clientGone(c: Context<ApiEnv>): AbortSignal | undefined {
  const outgoing = c.env?.outgoing;
  if (outgoing === undefined) return undefined;
  const gone = new AbortController();
  if (outgoing.closed) gone.abort();
  else outgoing.once('close', () => gone.abort());
  return gone.signal;
}
