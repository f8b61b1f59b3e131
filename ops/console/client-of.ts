import type { Context } from 'hono';
import type { RequestClient } from '../../trusted-proxies.ts';
import type { ConsoleDeps, ConsoleEnv } from './deps.ts';

/** Who sent the request, and whether by https. */
export function clientOf(
  c: Context<ConsoleEnv>,
  { findClient }: Pick<ConsoleDeps, 'findClient'>,
): RequestClient {
  const socket = c.env?.incoming?.socket;
  return findClient({
    peer: socket?.remoteAddress,
    isEncrypted: socket?.encrypted === true,
    header: (name) => c.req.header(name),
  });
}
