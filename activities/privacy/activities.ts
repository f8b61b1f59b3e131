import { Context } from '@temporalio/activity';
import { z } from 'zod';
import { type DeletionLook, lookAtDeletion, noteRest } from '../../db/privacy/index.ts';
import { whileHeartbeating } from '../kernel/index.ts';
import type { DeletionDeps } from './deps.ts';
import { type ErasingAsk, eraseStep } from './erase-step.ts';
import { payOutRest } from './pay-out-rest.ts';
import { wakeDeletions } from './wake-deletions.ts';

/** How far an earlier attempt came, as its last heartbeat told. */
const RowsLooked = z.object({ table: z.string(), key: z.record(z.string(), z.unknown()).nullable() });

/** Nothing that these return names anybody. */
export const createPrivacyActivities = (deps: DeletionDeps) => ({
  /** What is to be done about somebody's leaving. */
  lookAtDeletion: (userId: string): Promise<DeletionLook> => {
    const { deletions, mail } = deps.settings;
    const terms = { lookEveryMs: deletions.lookEveryMs, hasMailServer: mail.hasServer };
    return lookAtDeletion(deps.db, userId, terms);
  },

  payOutRest: (ask: { readonly deletionId: string; readonly userId: string }): Promise<boolean> =>
    payOutRest(deps, ask),

  noteRest: (ask: { readonly userId: string; readonly isPaid: boolean }): Promise<void> =>
    noteRest(deps.db, ask),

  wakeDeletions: (after: string | null): Promise<string | null> => wakeDeletions(deps, after),

  /** One step of an erasing, of those that `ERASING_STEPS` lists. Repeatable: it goes on where an earlier attempt came to. */
  eraseStep: (ask: ErasingAsk): Promise<void> => {
    const before = RowsLooked.safeParse(Context.current().info.heartbeatDetails).data;
    let at = before;
    return whileHeartbeating(
      () => eraseStep(deps, ask, { before, tell: (now) => (at = now) }),
      () => at,
    );
  },
});
