import type { Context } from 'hono';
import type { CallAllowance } from '../../db/kernel/index.ts';
import type { ApiEnv } from '../context.ts';

/** Waits are rounded up: a client that waits as told is not refused again because of a fraction of a second. */
export function sayLimit(
  c: Context<ApiEnv>,
  limit: number,
  { isAllowed, remaining, nextFreeAt, at }: CallAllowance,
): void {
  c.header('X-RateLimit-Limit', String(limit));
  c.header('X-RateLimit-Remaining', String(remaining));
  c.header('X-RateLimit-Reset', String(Math.ceil(nextFreeAt.getTime() / 1000)));
  if (isAllowed) return;
  const waitS = Math.max(Math.ceil((nextFreeAt.getTime() - at.getTime()) / 1000), 1);
  c.header('Retry-After', String(waitS));
}
