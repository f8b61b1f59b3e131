import { lockAccount } from '../../accounts/index.ts';
import type { Db } from '../../client.ts';
import { readClock } from '../../kernel/index.ts';
import { askForAccount } from './look-at-deletion.ts';
import { lockOpenDeletion } from './open-deletion.ts';
import { transitionDeletion } from './transition.ts';

/** Notes that the rest of a balance was paid out, once; or asks its person by mail for an account that can take it. Repeatable. */
export const noteRest = (
  db: Db,
  { userId, isPaid }: { readonly userId: string; readonly isPaid: boolean },
): Promise<void> =>
  db.transaction(async (tx) => {
    await lockAccount(tx, userId);
    const deletion = await lockOpenDeletion(tx, userId);
    if (deletion?.status !== 'waiting') return;
    if (!isPaid) await askForAccount(tx, deletion, deletion.waitsFor);
    else if (deletion.paidOutAt === null)
      await transitionDeletion(tx, deletion, 'waiting', { paidOutAt: new Date(await readClock(tx)) });
  });
