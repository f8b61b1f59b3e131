import type { Context } from 'hono';
import type { ApiEnv } from './context.ts';

/** Who acted and from where, for the audit log. */
export function actorOf(c: Context<ApiEnv>) {
  const ip = c.env?.incoming?.socket.remoteAddress;
  const userAgent = c.req.header('user-agent');
  return { actor: c.var.caller.userId, ...(ip && { ip }), ...(userAgent && { userAgent }) };
}
