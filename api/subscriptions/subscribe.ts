import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { keepAnswer } from '../../db/kernel/index.ts';
import { isFree, type PricedPlan, readPlan } from '../../db/subscriptions/prices.ts';
import { readInvoice } from '../../db/subscriptions/read/invoices.ts';
import type { Plan } from '../../db/subscriptions/schema.ts';
import { subscribeToFree } from '../../db/subscriptions/subscribe-free.ts';
import { subscriptionFor } from '../../db/subscriptions/subscribe.ts';
import { VezaError } from '../../domain/errors.ts';
import type { IdempotencyKey } from '../../domain/kernel/index.ts';
import type { AskAnswer, AskedSubscription } from '../../domain/subscriptions/index.ts';
import type { ApiEnv } from '../context.ts';
import {
  defineRoute,
  fails,
  idFor,
  IdempotencyHeaders,
  json,
  jsonBody,
  orNull,
  readIdempotency,
  REPEATABLE,
  SIGNED_IN,
  WITH_BODY,
} from '../kernel/index.ts';
import { signedIn } from '../middleware/access.ts';
import { type Asked, carryOut, findOutcome, judgeFirst } from './asking.ts';
import { Invoice, showInvoice } from './invoice-view.ts';
import { labelOf, readOwn } from './own-subscription.ts';
import { readPayment, SubscriptionPayment } from './payment-view.ts';
import { assertCycle, BillingCycle } from './plan-view.ts';
import { showSubscription, Subscription } from './subscription-view.ts';

const Body = z
  .strictObject({
    plan_id: z.string().min(1).max(50).openapi({ example: 'creator' }),
    billing_cycle: BillingCycle.optional().openapi({ description: '`monthly` by default' }),
    trial: z.boolean().optional().openapi({ description: 'Begin with the plan’s trial: once in a life' }),
  })
  .openapi('NewSubscription');
const Subscribed = z
  .object({
    subscription: Subscription,
    invoice: orNull(Invoice),
    payment: orNull(SubscriptionPayment),
  })
  .openapi('Subscribed');

const route = createRoute({
  method: 'post',
  path: '/subscriptions/subscribe',
  operationId: 'subscribe',
  summary: 'Subscribe to a plan',
  description:
    'A paid plan waits for its payment, and gives nothing before the payment provider says that it was paid. Asked again while it is unpaid, at the same price: the same rows, with a client secret that works; at another price it is replaced. Free and trials have no payment.',
  tags: ['Subscriptions'],
  ...signedIn(),
  request: { headers: IdempotencyHeaders, body: jsonBody(Body) },
  responses: {
    201: json(Subscribed, 'The subscription and the payment to be made; Free and a trial have none'),
    202: json(Subscribed, 'The payment provider has not answered yet: ask again for the payment'),
    ...fails(
      ...SIGNED_IN,
      ...WITH_BODY,
      ...REPEATABLE,
      'plan_not_found',
      'plan_not_offered',
      'trial_not_offered',
      'trial_already_used',
      'email_not_verified',
      'subscription_exists',
      'provider_refused',
      'engine_busy',
    ),
  },
});

export const subscribe = defineRoute(route, async (c) => {
  const { db, terms, admission } = c.var.deps;
  const body = c.req.valid('json');
  const { userId } = c.var.caller;
  const idempotency = readIdempotency(
    c.req.valid('header')['Idempotency-Key'],
    `${userId}:${route.operationId}`,
    body,
  );
  const id = idFor(idempotency);
  const asked = await admission.underWay.during(id, async (): Promise<Asked> => {
    const earlier = await findOutcome(c, idempotency);
    if (earlier !== null) return { outcome: earlier, refusedByPsp: null };
    const { plan, cycle } = await readPlanOf(c, body);
    if (isFree({ plan })) return subscribeFree(c, plan.id, idempotency);
    const wish = { userId, planId: plan.id, billingCycle: cycle, trial: body.trial ?? false };
    const first = await judgeFirst(c, idempotency, async () => {
      const found = await subscriptionFor(db, id, wish, terms);
      if ('refused' in found) throw VezaError.from(found.refused);
      return found.wished;
    });
    if ('outcome' in first) return first;
    return carryOut(c, {
      id,
      asked: { kind: 'subscription', ...wish, ...(idempotency && { idempotency }) },
      tell: () => tellEngine(c, id, wish, first.judged),
    });
  });
  const { subscriptionId, invoiceId } = asked.outcome;
  const payment = await readPayment(c, asked);
  const subscription = showSubscription(await readOwn(c, subscriptionId));
  if (invoiceId === undefined) return c.json({ subscription, invoice: null, payment: null }, 201);
  const invoice = await readInvoice(db, invoiceId);
  if (invoice === null) throw new Error(`invoice ${invoiceId} was written and is not there`);
  return c.json({ subscription, invoice: showInvoice(invoice), payment }, payment === null ? 202 : 201);
});

/** The plan that is wished for. Throws `plan_not_found`, `validation_failed`, `trial_not_offered`, and `plan_not_offered` of Free. */
async function readPlanOf(
  c: Context<ApiEnv>,
  { plan_id: planId, billing_cycle: cycle = 'monthly', trial }: z.infer<typeof Body>,
): Promise<{ readonly plan: Plan; readonly cycle: z.infer<typeof BillingCycle> }> {
  const plan = await readPlan(c.var.deps.db, planId);
  if (plan === undefined) throw new VezaError('plan_not_found', `There is no plan ${planId}.`);
  assertCycle(plan, cycle);
  if (!isFree({ plan })) return { plan, cycle };
  if (trial === true) throw new VezaError('trial_not_offered', `${plan.name} has no trial.`);
  if (!plan.offered) throw new VezaError('plan_not_offered', `${plan.name} is not offered (${cycle}).`);
  return { plan, cycle };
}

/** The person may have another subscription that does it: then that one is told. */
async function tellEngine(
  c: Context<ApiEnv>,
  askId: string,
  ask: Pick<AskedSubscription, 'userId' | 'planId' | 'billingCycle' | 'trial'>,
  { price }: PricedPlan,
): Promise<AskAnswer> {
  const { db, engine, terms } = c.var.deps;
  const label = {
    planId: price.planId,
    status: ask.trial ? ('trialing' as const) : ('pending_payment' as const),
    amountMinor: price.amountMinor,
    currency: price.currency,
  };
  const found = await subscriptionFor(db, askId, ask, terms);
  // What speaks against it by now may be what it has done itself: its workflow knows.
  let subscriptionId = 'refused' in found ? askId : found.subscriptionId;
  for (let moves = 0; ; moves += 1) {
    const answer = await engine.subscribe(askId, { subscriptionId, ...label });
    if (!('elsewhere' in answer)) return answer;
    if (moves === MOVES_MAX) {
      throw new VezaError('engine_unavailable', 'Your subscriptions change faster than one can be opened.');
    }
    subscriptionId = answer.elsewhere;
  }
}

/** Each means that another call of this person came between. */
const MOVES_MAX = 5;

/** Free has no workflow; what it replaces may have one. */
async function subscribeFree(
  c: Context<ApiEnv>,
  planId: string,
  idempotency: IdempotencyKey | undefined,
): Promise<Asked> {
  const { db, engine, terms } = c.var.deps;
  c.set('mayStillBeCarriedOut', true);
  const begin = async (tx: Parameters<typeof subscribeToFree>[0]) => {
    const { subscription, replacedId } = await subscribeToFree(
      tx,
      { userId: c.var.caller.userId, planId },
      terms,
    );
    return { subscriptionId: subscription.id, ...(replacedId !== null && { replacedId }) };
  };
  const outcome =
    idempotency === undefined
      ? await db.transaction(begin)
      : (await keepAnswer(db, idempotency, async (tx) => ({ shown: await begin(tx), work: null })),
        await findOutcome(c, idempotency));
  if (outcome === null) throw new Error('what was kept under the key is not there');
  if (outcome.replacedId !== undefined) {
    await engine.wakeSubscription(labelOf(await readOwn(c, outcome.replacedId)));
  }
  return { outcome, refusedByPsp: null };
}
