import {
  type Approval,
  decidedWith,
  recordDecisions,
  lockPendingApproval,
  requestApproval,
} from '../db/approvals/index.ts';
import { assertAdmin } from '../db/accounts/index.ts';
import type { Act } from '../db/kernel/index.ts';
import { VezaError } from '../domain/errors.ts';
import { writeSubject } from '../domain/kernel/index.ts';
import { needsSecondAdmin } from '../domain/approvals/index.ts';
import { type Acted, type Operation, pieceOf } from './action.ts';
import type { OperationsDeps } from './deps.ts';
import { reasonOf } from './reason.ts';
import { seenOf } from './seen.ts';
import { dryRun } from './dry-run.ts';

export type Decided<Done, Work> = Acted<Done, Work> | { readonly awaits: Approval };

/**
 * Does an action in one transaction, or, where it is about more money than one admin may decide alone in a day, keeps
 * it for a second. The caller notifies the engine after the commit. Throws the verb's refusal, `preview_outdated`
 * where the row is not as it was shown, and what `assertAdmin` throws.
 */
export async function decideAction<Done, Work>(
  { db, settings }: Pick<OperationsDeps, 'db' | 'settings'>,
  operation: Operation<Done, Work>,
  id: string,
  act: Act,
  { seen }: { readonly seen?: string | undefined } = {},
): Promise<Decided<Done, Work>> {
  const subject = writeSubject({ kind: operation.kind, id });
  return db.transaction(async (tx) => {
    await assertAdmin(tx, act);
    // Locked before the rows, as `approve` does.
    await lockPendingApproval(tx, operation.action, subject);
    const standing = await operation.snapshot(tx, id, settings);
    const stands = seenOf(operation, subject, standing);
    if (seen !== undefined && seen !== stands) {
      throw new VezaError('preview_outdated', `${subject} is not as it was shown: look again.`, {
        status_now: standing.status,
      });
    }
    const { money } = standing;
    const decided = await decidedWith(tx, act.actor, pieceOf(operation.action, subject, money));
    if (money === null || !needsSecondAdmin(decided, settings.fourEyesAboveMinor)) {
      const acted = await operation.act(tx, id, act, settings);
      await recordDecisions(tx, act.actor, pieceOf(operation.action, acted.now.subject, money));
      return acted;
    }
    const reason = reasonOf(act);
    // A refusal need not trouble a second admin.
    await dryRun(tx, (inner) => operation.act(inner, id, act, settings));
    const awaits = await requestApproval(tx, {
      ...act,
      reason,
      ...money,
      action: operation.action,
      subject,
      seen: stands,
      params: operation.params ?? null,
    });
    return { awaits };
  });
}
