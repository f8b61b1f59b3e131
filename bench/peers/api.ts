import { randomUUID } from 'node:crypto';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { readWebhook, settings, type Webhook } from './calls.ts';

/** What a peer does with the two calls that come from outside. */
export interface Handlers {
  /** Resolves when the refund is open and the rest of it is durable. */
  request(refundId: string, orderId: string): Promise<void>;
  /** Resolves when the webhook is stored and whoever waits for it will learn of it. */
  webhook(webhook: Webhook): Promise<void>;
}

/** The same two routes for every peer. Says that it is ready when it listens. */
export function serveApi({ request, webhook }: Handlers): void {
  const app = new Hono();
  app.post('/orders/:id/refund', async (c) => {
    const refundId = randomUUID();
    await request(refundId, c.req.param('id'));
    return c.json({ refund: { id: refundId, status: 'pending' } }, 202);
  });
  app.post('/webhooks', async (c) => {
    const read = readWebhook(await c.req.text(), c.req.header('x-webhook-signature-512'));
    if (read === null) return c.json({ error: 'bad signature' }, 401);
    if (read.type === 'refund_succeeded') await webhook(read);
    return c.json({ received: true }, 200);
  });
  process.on('SIGTERM', () => process.exit(0));
  serve({ fetch: app.fetch, port: settings.port, hostname: '127.0.0.1' }, () =>
    process.send?.({ ready: true }),
  );
}
