import { isRecord } from '../kernel/fields.ts';
import type { Deliverer } from '../kernel/deliveries.ts';
import type { DisputeRecord, PaymentRecord, RefundMode, RefundRecord } from './types.ts';
import { type ContentType, newEventId, webhookBody } from './webhooks.ts';

export const MERCHANT_ID = 'merchant_1';
export const PROFILE_ID = 'pro_sandbox';
export const CONNECTOR = 'stripe';

/** Everything this Hyperswitch remembers. */
export class Books {
  readonly payments = new Map<string, PaymentRecord>();
  readonly refunds = new Map<string, RefundRecord>();
  readonly disputes = new Map<string, DisputeRecord>();
  refundMode: RefundMode = 'auto';
  autoPay = false;
  /** Set once, after the deliverer that needs our state file. */
  deliverer: Deliverer | undefined;

  toJSON(): object {
    return {
      payments: [...this.payments.values()],
      refunds: [...this.refunds.values()],
      disputes: [...this.disputes.values()],
    };
  }

  restore(saved: unknown): void {
    if (!isRecord(saved)) return;
    // Our own file, written by toJSON above.
    const { payments, refunds, disputes } = saved as {
      payments: PaymentRecord[];
      refunds: RefundRecord[];
      disputes: DisputeRecord[];
    };
    for (const payment of payments) this.payments.set(payment.body.payment_id, payment);
    for (const refund of refunds) this.refunds.set(refund.body.refund_id, refund);
    for (const dispute of disputes) this.disputes.set(dispute.body.dispute_id, dispute);
  }

  /** One event per object and type, ever: the router's own rule. */
  emit(
    record: { body: object; emitted: string[] },
    contentType: ContentType,
    objectId: string,
    type: string,
  ): void {
    if (record.emitted.includes(type)) return;
    record.emitted.push(type);
    const eventId = newEventId();
    const object = structuredClone(record.body);
    const body = webhookBody({ eventId, merchantId: MERCHANT_ID, type, contentType, object });
    this.deliverer?.emit({ eventId, type, objectId, body });
  }
}

/** Later than the last change by a millisecond at least, so that consumers can order two changes of one moment. */
export function laterThan(last: string): string {
  return new Date(Math.max(Date.now(), Date.parse(last) + 1)).toISOString();
}
