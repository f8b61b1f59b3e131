import { createRoute, z } from '@hono/zod-openapi';
import { receiveHyperswitch } from '../../inbox/receive.ts';
import { verifyHyperswitch } from '../../providers/webhooks/verify.ts';
import { decodeText, parseJson, readBytes, fails, defineRoute, json } from '../kernel/index.ts';
import { anyone } from '../middleware/access.ts';
import { refuseSignature, SignedBody, takeIn, WEBHOOK_FAILS, WebhookReceipt } from './webhook-receipt.ts';

const Headers = z.object({
  'X-Webhook-Signature-512': z.string().optional().openapi({
    description: 'HMAC-SHA512 of the raw body, lower-case hex',
  }),
});

const route = createRoute({
  method: 'post',
  path: '/webhooks/hyperswitch',
  operationId: 'receiveHyperswitchWebhook',
  summary: 'Webhooks of the payment provider',
  tags: ['Webhooks'],
  ...anyone(),
  request: { headers: Headers, body: SignedBody },
  responses: { 200: json(WebhookReceipt, 'Stored, and handed on'), ...fails(...WEBHOOK_FAILS) },
});

export const hyperswitchWebhook = defineRoute(route, async (c) => {
  const { db, engine, config } = c.var.deps;
  const rawBody = await readBytes(c);
  const signature = c.req.valid('header')['X-Webhook-Signature-512'];
  if (!verifyHyperswitch(rawBody, signature, config.HYPERSWITCH_WEBHOOK_SECRET)) {
    refuseSignature(c, 'hyperswitch');
  }
  c.set('mayStillBeCarriedOut', true);
  const deps = { db, engine, log: c.var.log };
  const { outcome } = await takeIn(c, 'hyperswitch', async () =>
    receiveHyperswitch(deps, rawBody, parseJson(decodeText(rawBody))),
  );
  return c.json({ received: true as const, outcome }, 200);
});
