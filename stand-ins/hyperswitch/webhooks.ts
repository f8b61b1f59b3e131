import { createHmac } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

/** 16 retries over about a day. */
export const RETRY_MINUTES: readonly number[] = [
  1,
  ...Array<number>(2).fill(5),
  ...Array<number>(5).fill(10),
  ...Array<number>(5).fill(60),
  ...Array<number>(3).fill(360),
];

/** Lower-case hex HMAC-SHA512 over the raw body; no time in it, so every attempt carries the same one. */
export function signature512(body: string, secret: string): string {
  return createHmac('sha512', secret).update(body).digest('hex');
}

export type ContentType = 'payment_details' | 'refund_details' | 'dispute_details';

export function webhookBody(event: {
  eventId: string;
  merchantId: string;
  type: string;
  contentType: ContentType;
  object: object;
}): string {
  return JSON.stringify({
    merchant_id: event.merchantId,
    event_id: event.eventId,
    event_type: event.type,
    content: { type: event.contentType, object: event.object },
    timestamp: new Date().toISOString(),
  });
}

export function newEventId(): string {
  return `evt_${uuidv7().replaceAll('-', '')}`;
}
