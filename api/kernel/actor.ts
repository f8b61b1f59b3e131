import type { Context } from 'hono';
import type { ApiEnv } from '../context.ts';

/** Who acted and from where, for the audit log. */
export function actorOf(c: Context<ApiEnv>) {
  const { ip } = clientOf(c);
  const userAgent = c.req.header('user-agent');
  const { apiKey, caller } = c.var;
  return {
    actor: caller.userId,
    ...(ip !== null && { ip }),
    ...(userAgent && { userAgent }),
    ...(apiKey && { apiKeyId: apiKey.id }),
  };
}

/** The client behind our own proxies (see trusted-proxies.ts). */
export function clientOf(c: Context<ApiEnv>) {
  const socket = c.env?.incoming?.socket;
  return c.var.deps.findClient({
    peer: socket?.remoteAddress,
    isEncrypted: socket?.encrypted === true,
    header: (name) => c.req.header(name),
  });
}
