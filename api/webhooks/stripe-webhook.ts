import { createRoute, z } from '@hono/zod-openapi';
import { VezaError } from '../../domain/errors.ts';
import { receiveStripe } from '../../inbox/receive.ts';
import { verifyStripe } from '../../providers/webhooks/verify.ts';
import { readBytes, fails, defineRoute, json } from '../kernel/index.ts';
import { anyone } from '../middleware/access.ts';
import { refuseSignature, SignedBody, takeIn, WEBHOOK_FAILS, WebhookReceipt } from './webhook-receipt.ts';

const Headers = z.object({
  'Stripe-Signature': z.string().optional().openapi({ description: 't=…,v1=…' }),
});

const route = createRoute({
  method: 'post',
  path: '/webhooks/stripe',
  operationId: 'receiveStripeWebhook',
  summary: 'Webhooks of Stripe',
  tags: ['Webhooks'],
  ...anyone(),
  request: { headers: Headers, body: SignedBody },
  responses: { 200: json(WebhookReceipt, 'Stored, and handed on'), ...fails(...WEBHOOK_FAILS) },
});

export const stripeWebhook = defineRoute(route, async (c) => {
  const { db, engine, config } = c.var.deps;
  const rawBody = await readBytes(c);
  const verified = await verifyStripe(
    rawBody,
    c.req.valid('header')['Stripe-Signature'],
    config.STRIPE_WEBHOOK_SECRET,
  );
  if (!verified.ok) {
    if (verified.reason === 'bad_signature') refuseSignature(c, 'stripe');
    c.var.deps.observer.webhook('stripe', 'malformed');
    throw new VezaError('webhook_malformed', 'The body is signed and is no Stripe event.');
  }
  c.set('mayStillBeCarriedOut', true);
  const deps = { db, engine, log: c.var.log };
  const { outcome } = await takeIn(c, 'stripe', () => receiveStripe(deps, rawBody, verified.event));
  return c.json({ received: true as const, outcome }, 200);
});
