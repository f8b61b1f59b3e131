import { eq } from 'drizzle-orm';
import { userSubject } from '../../../domain/accounts/index.ts';
import type { Db } from '../../client.ts';
import { transitionUser, users } from '../../accounts/index.ts';
import { MissingRow, readClock, writeAuditLog } from '../../kernel/index.ts';
import { transitionDeletion } from '../deletions/transition.ts';
import { eraseLastRows, eraseRows } from '../erase-rows.ts';
import { assertErasing, lockDeletion, withDone } from './steps.ts';

/**
 * The end of an erasing: the person's key is destroyed, so that whatever is sealed under it stays closed for good, and the
 * account is an id without anybody. Waits for whoever writes something of theirs. Repeatable. Throws IllegalMove where nobody
 * is being erased.
 */
export const eraseAccount = (db: Db, deletionId: string, userId: string): Promise<void> =>
  db.transaction(async (tx) => {
    // FOR UPDATE: verbs that write something personal hold the row FOR KEY SHARE.
    const [user] = await tx.select().from(users).where(eq(users.id, userId)).for('update');
    if (user === undefined) throw new MissingRow('user', userId);
    const deletion = await lockDeletion(tx, deletionId);
    if (deletion.status === 'erased') return;
    assertErasing(deletion);
    // What was written since the rows went; from here on nobody writes, and then there is nobody to write of.
    const late = await eraseRows(tx, userId, {
      after: { table: '', key: null, rows: deletion.report ?? {} },
    });
    const last = await eraseLastRows(tx, userId);
    await transitionUser(tx, user, 'erased', { isVerified: false });
    const now = new Date(await readClock(tx));
    const report = { ...late, ...last };
    await transitionDeletion(tx, deletion, 'erased', {
      erasedAt: now,
      report,
      steps: withDone(deletion, 'account', null, now),
    });
    const subject = userSubject(userId);
    await writeAuditLog(tx, BY_THE_WORKFLOW, {
      action: 'user.key_destroyed',
      subject,
      before: null,
      after: { deletionId },
    });
    await writeAuditLog(tx, BY_THE_WORKFLOW, {
      action: 'user.erased',
      subject,
      before: { status: user.status },
      after: { status: 'erased', deletionId, rows: report },
    });
  });

const BY_THE_WORKFLOW = { actor: 'system' } as const;
