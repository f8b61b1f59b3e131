import type { Refused } from '../../domain/kernel/index.ts';
import type { AskOutcome } from '../../domain/subscriptions/asks.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import type { BillingTerms } from '../../domain/subscriptions/terms.ts';

/** What one thing that a person asks of their subscription has led to; a refusal has written nothing. */
export type Deed = Refused | { readonly done: Omit<AskOutcome, 'subscriptionId'> };

export interface DeedTerms {
  readonly askId: string;
  /** Billing time, read after the lock. */
  readonly now: Date;
  readonly terms: BillingTerms;
}

export const refuse = (code: ErrorCode, detail: string): Refused => ({ refused: { code, detail } });
