import { sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { asynchronousCommit } from './asynchronous-commit.ts';
import { rateLimits } from './schema.ts';

/**
 * Takes one call from a limit that all processes share, or says that none is free now. A generic cell rate algorithm
 * (ATM Forum TM 4.0): the row holds the time at which the next call is due at a steady pace, and callers may be ahead
 * of that by `burst` calls. One statement, so that two processes cannot take the same slot.
 */
export async function takeSlot(
  db: Db,
  name: string,
  { perSecond, burst }: { readonly perSecond: number; readonly burst: number },
): Promise<boolean> {
  const stepMs = 1000 / perSecond;
  const taken = await db
    .insert(rateLimits)
    .values({ name, nextFreeAt: sql`clock_timestamp() + ${stepMs} * interval '1 millisecond'` })
    .onConflictDoUpdate({
      target: rateLimits.name,
      set: {
        nextFreeAt: sql`greatest(${rateLimits.nextFreeAt}, clock_timestamp()) + ${stepMs} * interval '1 millisecond'`,
      },
      setWhere: sql`${rateLimits.nextFreeAt} <= clock_timestamp() + ${stepMs * burst} * interval '1 millisecond'`,
    })
    .returning({ asynchronousCommit });
  return taken.length > 0;
}
