import { createRoute, z } from '@hono/zod-openapi';
import { nextDunningStepMs } from '../../domain/subscriptions/dunning.ts';
import type { BillingTerms } from '../../domain/subscriptions/terms.ts';
import type { Db } from '../../db/client.ts';
import { chargeableCard } from '../../db/subscriptions/chargeable-card.ts';
import { type OpenInvoice, readOpenInvoice } from '../../db/subscriptions/read/invoices.ts';
import { readStanding, type Standing } from '../../db/subscriptions/read/standing.ts';
import { defineRoute, fails, json, orNull, SIGNED_IN, Time, timeOrNull } from '../kernel/index.ts';
import { alsoWhileLeaving, signedIn } from '../middleware/access.ts';
import { Invoice, showInvoice } from './invoice-view.ts';
import { showSubscription, Subscription } from './subscription-view.ts';

const Pending = z
  .object({
    subscription: Subscription,
    invoice: orNull(Invoice).openapi({ description: 'Null while it is not written yet' }),
    next_attempt_at: Time.nullable().openapi({
      description:
        'When the card on file is charged again; null where a payment is under way, or it waits for you',
    }),
  })
  .openapi('PendingPayment');

const Mine = z
  .object({
    subscription: orNull(Subscription).openapi({
      description: 'Only where it gives its plan’s features now',
    }),
    needs_payment: z.boolean().openapi({
      description: 'You have a subscription to a paid plan, and it gives nothing until it is paid',
    }),
    message: z.string().nullable().openapi({ description: 'Why, for people' }),
    pending: orNull(Pending).openapi({ description: 'What waits for money' }),
  })
  .openapi('MySubscription');

const route = createRoute({
  method: 'get',
  path: '/me/subscription',
  operationId: 'getMySubscription',
  summary: 'Your subscription, and what waits for money',
  tags: ['Subscriptions'],
  ...alsoWhileLeaving(signedIn()),
  responses: { 200: json(Mine, 'Your subscription'), ...fails(...SIGNED_IN) },
});

export const getMySubscription = defineRoute(route, async (c) => {
  const { db, terms, config } = c.var.deps;
  const standing = await readStanding(db, c.var.caller.userId, terms);
  if (standing === null) {
    return c.json({ subscription: null, needs_payment: false, message: null, pending: null }, 200);
  }
  const open = await readOpenInvoice(db, standing.subscription.id);
  return c.json(
    {
      subscription: standing.isInForce ? showSubscription(standing) : null,
      needs_payment: !standing.isInForce,
      message: messageOf(standing, config.SUBSCRIPTION_SUPPORT_CONTACT),
      pending: waitsForMoney(standing, open)
        ? {
            subscription: showSubscription(standing),
            invoice: open && showInvoice(open.invoice),
            next_attempt_at: timeOrNull(await nextAttemptAt(db, standing, open, terms)),
          }
        : null,
    },
    200,
  );
});

const waitsForMoney = ({ isInForce, isPhantom }: Standing, open: OpenInvoice | null): boolean =>
  open !== null || (!isInForce && !isPhantom);

/** When dunning charges the card on file again, where its bank has not said that this is no use. */
async function nextAttemptAt(
  db: Db,
  { subscription, hasPendingAttempt }: Standing,
  open: OpenInvoice | null,
  { dunningMs, time }: Pick<BillingTerms, 'dunningMs' | 'time'>,
): Promise<Date | null> {
  const { status, dunningSince, dunningIndex } = subscription;
  if (status !== 'past_due' || dunningSince === null || open === null || hasPendingAttempt) return null;
  if ((await chargeableCard(db, subscription, time)) === null) return null;
  const atMs = nextDunningStepMs(dunningSince.getTime(), dunningMs, dunningIndex);
  return atMs === null ? null : new Date(atMs);
}

function messageOf({ isInForce, isPhantom, subscription }: Standing, contact: string): string | null {
  if (isInForce) return null;
  if (isPhantom) return `Your subscription is not linked to a payment. Ask ${contact} about it.`;
  switch (subscription.status) {
    case 'pending_payment':
      return 'Your subscription waits for its first payment.';
    case 'past_due':
      return 'Your last payment was refused. Pay the open invoice, or put another card on file.';
    case 'active':
    case 'trialing':
    case 'canceling':
    case 'canceled':
    case 'expired':
      return 'Your payment is under way. Your plan is back as soon as it is confirmed.';
  }
}
