import { Context } from '@temporalio/activity';
import { z } from 'zod';
import { whileHeartbeating } from '../kernel/index.ts';
import type { PrivacyDeps } from './deps.ts';
import { type ErasingAsk, eraseStep } from './erase-step.ts';

/** How far an earlier attempt came, as its last heartbeat told. */
const RowsLooked = z.object({ table: z.string(), key: z.record(z.string(), z.unknown()).nullable() });

/** Nothing that these return names anybody. */
export const createPrivacyActivities = (deps: PrivacyDeps) => ({
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
