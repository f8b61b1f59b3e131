import type { Context } from 'hono';
import { readStanding, readStandingsOf, type Standing } from '../../db/subscriptions/read/standing.ts';
import { type ErrorCode, VezaError } from '../../domain/errors.ts';
import type { IdempotencyKey } from '../../domain/kernel/index.ts';
import type { AskedOfSubscription } from '../../domain/subscriptions/index.ts';
import type { ApiEnv } from '../context.ts';
import { idFor, readIdempotency } from '../kernel/index.ts';
import { type Asked, carryOut, findOutcome, judgeFirst } from './asking.ts';

/** One of what may be asked of a subscription. */
type Wish = AskedOfSubscription extends infer One
  ? One extends AskedOfSubscription
    ? Omit<One, 'kind' | 'userId' | 'idempotency' | 'answer' | 'refused'>
    : never
  : never;

interface Call {
  readonly operationId: string;
  readonly body: unknown;
  readonly wish: Wish;
  /** Refuses before the engine is asked, which decides again. */
  readonly judge?: (live: Standing) => Promise<void>;
  /** How Free, which no workflow looks after, answers. */
  readonly onFree: ErrorCode | ((idempotency: IdempotencyKey | undefined) => Promise<Asked>);
}

/** Has something done with the caller's live subscription, once for each `Idempotency-Key`. Throws `subscription_not_found`. */
export async function askOfOwn(
  c: Context<ApiEnv>,
  { operationId, body, wish, judge, onFree }: Call,
): Promise<Asked & { readonly standing: Standing }> {
  const { db, engine, terms, admission } = c.var.deps;
  const { userId } = c.var.caller;
  const idempotency = readIdempotency(c.req.header('Idempotency-Key'), `${userId}:${operationId}`, body);
  const id = idFor(idempotency);
  const asked = await admission.underWay.during(id, async (): Promise<Asked> => {
    const earlier = await findOutcome(c, idempotency);
    if (earlier !== null) return { outcome: earlier, refusedByPsp: null };
    const live = await readStanding(db, userId, terms);
    if (live === null) throw new VezaError('subscription_not_found', 'You have no subscription.');
    if (live.plan.rank === 0) {
      if (typeof onFree === 'string') throw new VezaError(onFree, 'Your subscription is to Free.');
      return onFree(idempotency);
    }
    const meanwhile = judge && (await judgeFirst(c, idempotency, () => judge(live)));
    if (meanwhile && 'outcome' in meanwhile) return meanwhile;
    return carryOut(c, {
      id,
      asked: { kind: 'subscription_ask', userId, ...wish, ...(idempotency && { idempotency }) },
      tell: () => engine.askSubscription(id, labelOf(live)),
    });
  });
  return { ...asked, standing: await readOwn(c, asked.outcome.subscriptionId) };
}

export async function readOwn(c: Context<ApiEnv>, subscriptionId: string): Promise<Standing> {
  const { db, terms } = c.var.deps;
  const [standing] = await readStandingsOf(db, [subscriptionId], terms);
  if (standing === undefined)
    throw new Error(`subscription ${subscriptionId} was asked for and is not there`);
  return standing;
}

export const labelOf = ({ subscription, price }: Standing) => ({
  subscriptionId: subscription.id,
  planId: price.planId,
  status: subscription.status,
  amountMinor: price.amountMinor,
  currency: price.currency,
});
