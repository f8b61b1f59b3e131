import type { Context } from 'hono';
import type { Act } from '../../db/kernel/index.ts';
import { clientOf } from './client-of.ts';
import type { ConsoleDeps, ConsoleEnv } from './deps.ts';

/** As in the API: what fits a line of the audit log. */
export const REASON_MAX_LENGTH = 500;

export type Reasoned = Act & { readonly reason: string };

/** Who acts, from where and why; null where the form says no reason, or a novel. */
export function actOf(
  c: Context<ConsoleEnv>,
  deps: Pick<ConsoleDeps, 'findClient'>,
  given: string,
): Reasoned | null {
  const reason = given.trim();
  if (reason === '' || reason.length > REASON_MAX_LENGTH) return null;
  return { actor: c.var.session.caller.userId, reason, ...fromOf(c, deps) };
}

/** From where, also of somebody who is not signed in. */
export function fromOf(c: Context<ConsoleEnv>, deps: Pick<ConsoleDeps, 'findClient'>): Omit<Act, 'actor'> {
  const { ip } = clientOf(c, deps);
  const userAgent = c.req.header('user-agent')?.slice(0, USER_AGENT_MAX_CHARS);
  return { ...(ip !== null && { ip }), ...(userAgent && { userAgent }) };
}

/** Longer ones are made up. */
const USER_AGENT_MAX_CHARS = 500;
