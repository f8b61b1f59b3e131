import type { Context } from 'hono';
import type { ApiEnv } from '../context.ts';

/** Who acted and from where, for the audit log. */
export function actorOf(c: Context<ApiEnv>) {
  const { apiKey, caller } = c.var;
  return { actor: caller.userId, ...fromOf(c), ...(apiKey && { apiKeyId: apiKey.id }) };
}

/** From where, also of somebody who is not signed in. */
export function fromOf(c: Context<ApiEnv>) {
  const { ip } = clientOf(c);
  const userAgent = c.req.header('user-agent')?.slice(0, USER_AGENT_MAX_CHARS);
  return { ...(ip !== null && { ip }), ...(userAgent && { userAgent }) };
}

/** Longer ones are made up. */
const USER_AGENT_MAX_CHARS = 500;

/** The client behind our own proxies (see trusted-proxies.ts). */
export function clientOf(c: Context<ApiEnv>) {
  const socket = c.env?.incoming?.socket;
  return c.var.deps.findClient({
    peer: socket?.remoteAddress,
    isEncrypted: socket?.encrypted === true,
    header: (name) => c.req.header(name),
  });
}
