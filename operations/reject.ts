import { type Approval, rejectApproval } from '../db/approvals/index.ts';
import { assertAdmin } from '../db/accounts/index.ts';
import type { Act } from '../db/kernel/index.ts';
import type { OperationsDeps } from './deps.ts';

/**
 * An admin says no to what another asked for, or the one who asked takes it back. Throws `approval_not_found`,
 * `approval_ended`, and what `assertAdmin` throws.
 */
export const reject = ({ db }: Pick<OperationsDeps, 'db'>, approvalId: string, act: Act): Promise<Approval> =>
  db.transaction(async (tx) => {
    await assertAdmin(tx, act);
    return rejectApproval(tx, approvalId, act);
  });
