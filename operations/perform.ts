import { assertAdmin } from '../db/accounts/index.ts';
import { type Approval, decidedWith, lockPendingApproval, recordDecisions } from '../db/approvals/index.ts';
import type { Tx } from '../db/client.ts';
import type { Act } from '../db/kernel/index.ts';
import { needsSecondAdmin } from '../domain/approvals/index.ts';
import { type Refusal, VezaError } from '../domain/errors.ts';
import { type Money, writeSubject } from '../domain/kernel/index.ts';
import { dryRun, reasonOf, seenToken } from './acting.ts';
import type { OperationsDeps, OperationsSettings } from './deps.ts';
import { findAction, peopleOf } from './index.ts';
import { type Acted, type ActionAsk, pieceOf, type RowAction, type Snapshot } from './row-kind.ts';
import { askSecondAdmin } from './second-admin.ts';
import type { ActionName } from './titles.ts';

export interface Preview {
  readonly action: ActionName;
  readonly subject: string;
  readonly statusNow: string;
  /** Null: the action names no money. */
  readonly money: Money | null;
  /** What will happen, in a sentence; null where the action is refused. */
  readonly effect: string | null;
  readonly needsSecondAdmin: boolean;
  /** Why the action cannot be done now. */
  readonly refusal: Refusal | null;
  /** Sent with the action, which is refused if anything has changed. */
  readonly seen: string;
}

/**
 * What an action would do, by a dry run. Without an actor no earlier decisions count. Throws where there is no such
 * row or action.
 */
export async function previewAction(
  { db, settings }: OperationsDeps,
  ask: ActionAsk,
  actor: string | null,
): Promise<Preview> {
  const { operation, subject } = findAction(ask);
  const on = writeSubject(subject);
  const by = actor ?? 'system';
  return dryRun(db, async (tx) => {
    const standing = await operation.snapshot(tx, subject.id, settings);
    const decided = await decidedWith(tx, by, pieceOf(ask.action, on, standing.money));
    const refusal = await refusalOf(tx, (inner) =>
      operation.act(inner, subject.id, { actor: by, reason: 'preview' }, settings),
    );
    return {
      action: ask.action,
      subject: on,
      statusNow: standing.status,
      money: standing.money,
      effect: refusal === null ? operation.describeEffect(standing) : null,
      needsSecondAdmin: takesTwo(operation, standing, decided, settings),
      refusal,
      seen: seenOf(operation, on, standing),
    };
  });
}

async function refusalOf(tx: Tx, act: (tx: Tx) => Promise<unknown>): Promise<Refusal | null> {
  try {
    await tx.transaction(act);
    return null;
  } catch (error) {
    if (!(error instanceof VezaError)) throw error;
    const { code, detail, extra } = error;
    return { code, detail, ...(extra && { extra }) };
  }
}

/** A token for how a row stands, and what is asked of it. */
export const seenOf = ({ action, params }: RowAction, subject: string, standing: Snapshot): string =>
  params === undefined ? seenToken(action, subject, standing) : seenToken(action, subject, standing, params);

export type Decided<Done, Work> = Acted<Done, Work> | { readonly awaits: Approval };

/**
 * Does an action in the transaction that it is given, or, where it is on more money than one admin decides on within a day,
 * keeps it for a second. Whoever calls tells the engine after the commit. Throws the verb's refusal, `preview_outdated`
 * where the row is no longer as it was shown, and what `assertAdmin` does.
 */
export async function decideAction<Done, Work>(
  tx: Tx,
  settings: OperationsSettings,
  operation: RowAction<Done, Work>,
  id: string,
  act: Act,
  { seen }: { readonly seen?: string | undefined } = {},
): Promise<Decided<Done, Work>> {
  const subject = writeSubject({ kind: operation.kind, id });
  await assertAdmin(tx, act, peopleOf(subject));
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
  if (!takesTwo(operation, standing, decided, settings)) {
    const acted = await operation.act(tx, id, act, settings);
    await recordDecisions(tx, act.actor, pieceOf(operation.action, acted.now.subject, money));
    return acted;
  }
  const awaits = await askSecondAdmin(
    tx,
    { ...act, reason: reasonOf(act) },
    { action: operation.action, subject, seen: stands, params: operation.params ?? null, money },
    (inner) => operation.act(inner, id, act, settings),
  );
  return { awaits };
}

const takesTwo = (
  operation: RowAction,
  standing: Snapshot,
  decided: Parameters<typeof needsSecondAdmin>[0],
  { fourEyesAboveMinor }: OperationsSettings,
): boolean =>
  operation.takesTwoAdmins === true ||
  standing.takesTwoAdmins === true ||
  needsSecondAdmin(decided, fourEyesAboveMinor);

export interface Performed {
  readonly action: string;
  readonly subject: string;
  /** The row that stands now: the same one, or its replacement. */
  readonly now: { readonly subject: string; readonly status: string };
  /** More about the result, if there is more to say. */
  readonly note: string | null;
}

/**
 * An operator acts on one row. A repeat after `engine_unavailable` finds its work done, or is refused because it is
 * done. Throws the verb's refusal, `action_unknown` and `preview_outdated`.
 */
export async function performAction(
  deps: OperationsDeps,
  ask: ActionAsk,
  act: Act & { readonly reason: string },
  shown: { readonly seen?: string | undefined } = {},
): Promise<{ readonly done: Performed } | { readonly awaitsApproval: Approval }> {
  const { operation, subject } = findAction(ask);
  const decided = await deps.db.transaction((tx) =>
    decideAction(tx, deps.settings, operation, subject.id, act, shown),
  );
  if ('awaits' in decided) return { awaitsApproval: decided.awaits };
  const outcome = await operation.notify(deps, decided.work);
  const now = { ...decided.now, ...(outcome?.status !== undefined && { status: outcome.status }) };
  const note = outcome?.note ?? null;
  return { done: { action: ask.action, subject: writeSubject(subject), now, note } };
}
