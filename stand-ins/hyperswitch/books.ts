import { isRecord } from '../kernel/fields.ts';
import type { Deliverer } from '../kernel/deliveries.ts';
import type {
  ChargeMode,
  Customer,
  DisputeRecord,
  MethodRecord,
  PaymentRecord,
  RefundMode,
  RefundRecord,
} from './types.ts';
import { type ContentType, newEventId, webhookBody } from './webhooks.ts';

export const MERCHANT_ID = 'merchant_1';
export const PROFILE_ID = 'pro_sandbox';
export const CONNECTOR = 'stripe';

/** Everything this Hyperswitch remembers. */
export class Books {
  readonly payments = new Map<string, PaymentRecord>();
  readonly refunds = new Map<string, RefundRecord>();
  readonly disputes = new Map<string, DisputeRecord>();
  readonly customers = new Map<string, Customer>();
  readonly methods = new Map<string, MethodRecord>();
  /** Fingerprints that were set, by the hash of the card's number. */
  readonly fingerprints = new Map<string, string>();
  /** The merchant's blocklist guard: without it payments show no fingerprint. */
  showsFingerprints = false;
  refundMode: RefundMode = 'auto';
  chargeMode: ChargeMode = 'sync';
  /** How often the router tries a declined charge again by itself. */
  autoRetries = 0;
  /** Whether a declined payment that keeps a card may be confirmed again; one without a customer always may. */
  manualRetries = false;
  autoPay = false;
  /** Calls of each operation that are let through in a second; null: all. */
  rateLimitPerSecond: number | null = null;
  /** Set once, after the deliverer that needs our state file. */
  deliverer: Deliverer | undefined;

  toJSON(): object {
    return {
      payments: [...this.payments.values()],
      refunds: [...this.refunds.values()],
      disputes: [...this.disputes.values()],
      customers: [...this.customers.values()],
      methods: [...this.methods.values()],
      fingerprints: [...this.fingerprints],
    };
  }

  /** How it behaves, for people to see. */
  settings(): object {
    const { autoPay, refundMode, chargeMode, autoRetries, manualRetries, showsFingerprints } = this;
    return { autoPay, refundMode, chargeMode, autoRetries, manualRetries, showsFingerprints };
  }

  restore(saved: unknown): void {
    if (!isRecord(saved)) return;
    // Our own file, written by toJSON above.
    const { payments, refunds, disputes, customers, methods, fingerprints } = saved as {
      payments: PaymentRecord[];
      refunds: RefundRecord[];
      disputes: DisputeRecord[];
      // A file from before there were cards on file has none of these.
      customers?: Customer[];
      methods?: MethodRecord[];
      fingerprints?: [string, string][];
    };
    for (const payment of payments) this.payments.set(payment.body.payment_id, payment);
    for (const refund of refunds) this.refunds.set(refund.body.refund_id, refund);
    for (const dispute of disputes) this.disputes.set(dispute.body.dispute_id, dispute);
    for (const customer of customers ?? []) this.customers.set(customer.customer_id, customer);
    for (const method of methods ?? []) this.methods.set(method.payment_method_id, method);
    for (const [numberHash, fingerprint] of fingerprints ?? [])
      this.fingerprints.set(numberHash, fingerprint);
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
