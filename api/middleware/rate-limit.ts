import type { Context } from 'hono';
import type { CallAllowance } from '../../db/kernel/index.ts';
import type { ApiEnv } from '../context.ts';
import { sayHeader } from './say-header.ts';

/** Waits are rounded up: a client that waits as told is not refused again because of a fraction of a second. */
export function sayLimit(
  c: Context<ApiEnv>,
  limit: number,
  { isAllowed, remaining, nextFreeAt, at }: CallAllowance,
): void {
  sayHeader(c, 'X-RateLimit-Limit', String(limit));
  sayHeader(c, 'X-RateLimit-Remaining', String(remaining));
  sayHeader(c, 'X-RateLimit-Reset', String(Math.ceil(nextFreeAt.getTime() / 1000)));
  if (isAllowed) return;
  const waitS = Math.max(Math.ceil((nextFreeAt.getTime() - at.getTime()) / 1000), 1);
  sayHeader(c, 'Retry-After', String(waitS));
}
