import type { Refusal } from '../errors.ts';
import type { IdempotencyKey } from '../kernel/index.ts';
import type { AskOutcome } from './asks.ts';
import type { BillingCycle } from './billing-cycle.ts';

/** Whose ask it is, and what became of it: kept, so that whoever asks again under its id is told the same. */
interface Asked {
  readonly userId: string;
  readonly idempotency?: IdempotencyKey;
  readonly refused?: Refusal;
  readonly answer?: AskOutcome;
}

/** Somebody subscribes to a paid plan, or begins a trial. */
export interface AskedSubscription extends Asked {
  readonly kind: 'subscription';
  readonly planId: string;
  readonly billingCycle: BillingCycle;
  readonly trial: boolean;
}

/** A wish for another price; what is not named stays. */
export interface WishedChange {
  readonly planId?: string;
  readonly billingCycle?: BillingCycle;
  /** The `proration_at` of a preview: ISO 8601, in billing time. */
  readonly prorationAt?: string;
}

/** Somebody asks something of the subscription that they have. */
export type AskedOfSubscription = Asked & { readonly kind: 'subscription_ask' } & (
    | { readonly do: 'cancel' | 'reactivate' | 'pay' | 'payment_method' }
    | ({ readonly do: 'change' } & WishedChange)
  );
