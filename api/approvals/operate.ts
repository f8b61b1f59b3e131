import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Acted, Outcome, RowAction } from '../../operations/row-kind.ts';
import { decideAction } from '../../operations/perform.ts';
import { type OperationsDeps, operationsSettings } from '../../operations/deps.ts';
import { actorOf } from '../kernel/index.ts';
import type { ApiEnv } from '../context.ts';
import { actOnce } from './operator-key.ts';
import { Approval, showApproval } from './approval-view.ts';

/** The answer where a second admin has to agree first. */
export const Awaits = z.object({ approval: Approval }).openapi('AwaitsApproval');
export const AWAITS = 'On more money than one admin decides on: it waits for another’s approval';

export const operationsOf = (c: Context<ApiEnv>): OperationsDeps => {
  const { db, engine, config } = c.var.deps;
  return { db, engine, log: c.var.log, settings: operationsSettings(config) };
};

interface Call {
  readonly operationId: string;
  readonly subjectId: string;
  readonly body: { readonly reason?: string | undefined; readonly seen?: string | undefined };
}

type Answer<View> =
  | { readonly shown: View; readonly outcome: Outcome | null }
  | { readonly awaits: z.infer<typeof Approval> };

/**
 * Does an operator's action on one row: only once, where the call has an `Idempotency-Key`. A repeat notifies the
 * engine again, which may have been away. An action that needs a second admin answers with its approval.
 */
export async function operate<Done, Work, View>(
  c: Context<ApiEnv>,
  operation: RowAction<Done, Work>,
  call: Call,
  show: (done: Done, now: Acted<Done, Work>['now']) => View,
): Promise<Answer<View>> {
  const deps = operationsOf(c);
  const { reason, seen } = call.body;
  const act = { ...actorOf(c), ...(reason !== undefined && { reason }) };
  c.set('mayStillBeCarriedOut', true);
  const kept = await actOnce<Kept<View, Work>>(c, call, async (tx) => {
    const decided = await decideAction(tx, deps.settings, operation, call.subjectId, act, { seen });
    return 'awaits' in decided
      ? { shown: showApproval(decided.awaits), work: null, awaits: true }
      : { shown: show(decided.done, decided.now), work: decided.work };
  });
  if ('awaits' in kept) return { awaits: kept.shown };
  return { shown: kept.shown, outcome: await operation.notify(deps, kept.work) };
}

type Kept<View, Work> =
  | { readonly shown: View; readonly work: Work }
  | { readonly shown: z.infer<typeof Approval>; readonly work: null; readonly awaits: true };
