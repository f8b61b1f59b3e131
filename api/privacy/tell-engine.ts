import type { Context } from 'hono';
import type { AccountDeletion } from '../../db/privacy/index.ts';
import type { ApiEnv } from '../context.ts';

/** Has the workflow look at the row. It is committed: while the engine is away, a schedule does so later. */
export async function tellEngine(
  c: Context<ApiEnv>,
  { userId, finalAt }: Pick<AccountDeletion, 'userId' | 'finalAt'>,
): Promise<void> {
  const { engine } = c.var.deps;
  await engine.startDeletion({ userId, finalAt: finalAt.toISOString() }).catch((error: unknown) => {
    c.var.log.warn({ err: error, userId }, 'the deletion is started later');
  });
}
