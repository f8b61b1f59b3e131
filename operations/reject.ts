import type { Approval } from '../db/moves/approval.ts';
import type { Act } from '../db/verbs/audit.ts';
import { rejectApproval } from '../db/verbs/decide-approval.ts';
import type { OperationsDeps } from './deps.ts';

/**
 * An admin says no to what another asked for, or whoever asked takes it back.
 * Throws `approval_not_found` and `approval_ended`.
 */
export const reject = ({ db }: Pick<OperationsDeps, 'db'>, approvalId: string, act: Act): Promise<Approval> =>
  db.transaction((tx) => rejectApproval(tx, approvalId, act));
