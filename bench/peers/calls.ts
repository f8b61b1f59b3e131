import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Refund, Reversal } from './books.ts';

// What all peers call and are called by: the stand-ins of the bench.

const setting = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is missing`);
  return value;
};

export const settings = {
  port: Number(setting('PORT')),
  databaseUrl: setting('DATABASE_URL'),
  pspUrl: setting('HYPERSWITCH_BASE_URL'),
  pspKey: setting('HYPERSWITCH_API_KEY'),
  webhookSecret: setting('HYPERSWITCH_WEBHOOK_SECRET'),
  stripeUrl: setting('STRIPE_API_BASE'),
  stripeKey: setting('STRIPE_SECRET_KEY'),
};

/** Asks the PSP for the refund under our own id. */
export async function askPsp({ refundId, orderId, amountMinor }: Refund): Promise<void> {
  const answer = await fetch(`${settings.pspUrl}/refunds`, {
    method: 'POST',
    headers: { 'api-key': settings.pspKey, 'content-type': 'application/json' },
    body: JSON.stringify({ refund_id: refundId, payment_id: orderId, amount: amountMinor }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`the PSP answered ${answer.status}: ${text}`);
}

/** Takes a share back at Stripe. Returns the id of the reversal there. */
export async function reverseAtStripe({ reversalId, transferId, amountMinor }: Reversal): Promise<string> {
  const answer = await fetch(`${settings.stripeUrl}/v1/transfers/${transferId}/reversals`, {
    method: 'POST',
    headers: { authorization: `Bearer ${settings.stripeKey}`, 'idempotency-key': reversalId },
    body: new URLSearchParams({ amount: String(amountMinor) }),
  });
  if (!answer.ok) throw new Error(`Stripe answered ${answer.status}: ${await answer.text()}`);
  return ((await answer.json()) as { id: string }).id;
}

export interface Webhook {
  readonly eventId: string;
  readonly type: string;
  readonly refundId: string;
  readonly body: string;
}

/** Null where the signature does not fit. */
export function readWebhook(body: string, signature: string | undefined): Webhook | null {
  const expected = createHmac('sha512', settings.webhookSecret).update(body).digest();
  const given = Buffer.from(signature ?? '', 'hex');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  const {
    event_id: eventId,
    event_type: type,
    content,
  } = JSON.parse(body) as {
    event_id: string;
    event_type: string;
    content: { object: { refund_id: string } };
  };
  return { eventId, type, refundId: content.object.refund_id, body };
}
