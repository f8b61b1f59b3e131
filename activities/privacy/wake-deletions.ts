import { listToWake } from '../../db/privacy/index.ts';
import { deletionWorkflowId } from '../../domain/privacy/ids.ts';
import type { PrivacyDeps } from './deps.ts';

const BATCH = 100;

/**
 * Wakes those of the next deletions whose money has come to rest, and starts those whose workflow was lost. Returns behind which
 * to go on; null: none is left. The engine may be away: the schedule comes again.
 */
export async function wakeDeletions(
  { db, engine }: Pick<PrivacyDeps, 'db' | 'engine'>,
  after: string | null,
): Promise<string | null> {
  const { deletions, next } = await listToWake(db, { after, limit: BATCH });
  for (const { userId, finalAt, hasNews } of deletions) {
    if (hasNews || !(await engine.isRunning(deletionWorkflowId(userId))))
      await engine.startDeletion({ userId, finalAt: finalAt.toISOString() });
  }
  return next;
}
