import type { Tx } from '../db/client.ts';
import { type Refusal, VezaError } from '../domain/errors.ts';
import { type Money, writeSubject } from '../domain/kernel/index.ts';
import { decidedWith } from '../db/approvals/index.ts';
import { needsSecondAdmin } from '../domain/approvals/index.ts';
import { type ActionName, pieceOf } from './action.ts';
import { type ActionAsk, findOperation } from './index.ts';
import type { OperationsDeps } from './deps.ts';
import { seenOf } from './seen.ts';
import { dryRun } from './dry-run.ts';

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
  const { operation, subject } = findOperation(ask);
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
      needsSecondAdmin: needsSecondAdmin(decided, settings.fourEyesAboveMinor),
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
