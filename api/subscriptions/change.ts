import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Db } from '../../db/client.ts';
import { readPlan } from '../../db/subscriptions/prices.ts';
import { previewChange } from '../../db/subscriptions/preview.ts';
import { readInvoice } from '../../db/subscriptions/read/invoices.ts';
import { readChangeRow } from '../../db/subscriptions/read/payments.ts';
import { VezaError } from '../../domain/errors.ts';
import type { WishedChange } from '../../domain/subscriptions/index.ts';
import type { ApiEnv } from '../context.ts';
import { fails, json, orNull, REPEATABLE, SIGNED_IN, WITH_BODY } from '../kernel/index.ts';
import { showChange, SubscriptionChange } from './change-view.ts';
import { Invoice, showInvoice } from './invoice-view.ts';
import { askOfOwn } from './own-subscription.ts';
import { readPayment, SubscriptionPayment } from './payment-view.ts';
import { assertCycle, BillingCycle } from './plan-view.ts';
import { showSubscription, Subscription } from './subscription-view.ts';

// What the routes that change a price share.

export const ProrationAt = z.iso.datetime({ offset: true }).optional().openapi({
  description: 'The `proration_at` of a preview, whose amount it then costs exactly',
});

export const Wish = z
  .strictObject({ plan_id: z.string().min(1).max(50).optional(), billing_cycle: BillingCycle.optional() })
  .openapi('WishedChange', { description: 'What is not named stays' });

export const wishOf = ({
  plan_id: planId,
  billing_cycle: billingCycle,
}: z.infer<typeof Wish>): Pick<WishedChange, 'planId' | 'billingCycle'> => ({
  ...(planId !== undefined && { planId }),
  ...(billingCycle !== undefined && { billingCycle }),
});

/** Throws `validation_failed` for a wish for a yearly Free. */
export async function assertWish(db: Db, { plan_id: planId, billing_cycle: cycle }: z.infer<typeof Wish>) {
  if (planId === undefined || cycle === undefined) return;
  const plan = await readPlan(db, planId);
  if (plan !== undefined) assertCycle(plan, cycle);
}

/** What a wish may be refused with, before anything is charged. */
export const CHANGE_REFUSALS = [
  'subscription_not_found',
  'subscription_no_payment',
  'plan_not_found',
  'plan_not_offered',
  'nothing_to_change',
  'subscription_past_due',
  'subscription_canceling',
  'payment_pending',
  'payment_method_required',
  'cycle_change_at_period_end',
] as const;

const Later = z
  .object({
    subscription: Subscription,
    change: orNull(SubscriptionChange).openapi({
      description: 'Null where it cancels, or takes a scheduled change back',
    }),
  })
  .openapi('ScheduledSubscriptionChange');
const AtOnce = z
  .object({
    subscription: Subscription,
    change: SubscriptionChange,
    invoice: Invoice,
    payment: orNull(SubscriptionPayment).openapi({
      description: 'Null while the payment provider has not answered',
    }),
  })
  .openapi('ChargedSubscriptionChange');

/** What a route that changes a subscription answers, by whatever words it is asked. */
export const CHANGE_RESPONSES = {
  200: json(Later, 'It comes with the end of the period'),
  202: json(AtOnce, 'The card on file is charged; the old plan stays until the payment is confirmed'),
  ...fails(
    ...SIGNED_IN,
    ...WITH_BODY,
    ...REPEATABLE,
    ...CHANGE_REFUSALS,
    'preview_outdated',
    'provider_refused',
    'engine_busy',
  ),
};

/** Changes the price of the caller's subscription. */
export async function changeOwn(
  c: Context<ApiEnv>,
  operationId: string,
  body: z.infer<typeof Wish> & { readonly proration_at?: string | undefined },
) {
  const { db, terms } = c.var.deps;
  await assertWish(db, body);
  const wish = wishOf(body);
  const asked = await askOfOwn(c, {
    operationId,
    body,
    wish: {
      do: 'change',
      ...wish,
      ...(body.proration_at !== undefined && { prorationAt: body.proration_at }),
    },
    judge: async () => refuseChange(await previewChange(db, { userId: c.var.caller.userId, ...wish }, terms)),
    onFree: async () => {
      refuseChange(await previewChange(db, { userId: c.var.caller.userId, ...wish }, terms));
      throw new Error('a change of Free was not refused');
    },
  });
  const { invoiceId, changeId } = asked.outcome;
  const subscription = showSubscription(asked.standing);
  const row = changeId === undefined ? null : await readChangeRow(db, changeId);
  const change = row && showChange(row);
  if (invoiceId === undefined) return c.json({ subscription, change }, 200);
  const payment = await readPayment(c, asked);
  const invoice = await readInvoice(db, invoiceId);
  if (change === null || invoice === null) throw new Error(`the change of invoice ${invoiceId} is not there`);
  return c.json({ subscription, change, invoice: showInvoice(invoice), payment }, 202);
}

function refuseChange(preview: Awaited<ReturnType<typeof previewChange>>): void {
  if ('refused' in preview) throw VezaError.from(preview.refused);
}
