import type { Hint, Wordless } from '../../domain/kernel/index.ts';
import type { PayoutOpening, PayoutRequest, PayoutReport } from '../../domain/payouts/index.ts';
import type { OnboardingAnswer, OnboardingAsk } from '../../domain/sellers/index.ts';
import type { Id } from './impersonal.ts';

/** Shown to operators. Minor units. */
export interface PayoutLabel {
  readonly payoutId: string;
  readonly sellerId: string;
  readonly amountMinor: number;
  readonly currency: string;
}

/** Money on its way to sellers' banks, and their accounts at Stripe. */
export interface SellerEngine {
  /** Starts the payout's workflow, or joins the one that runs, and waits until its money is set aside. */
  requestPayout(request: PayoutRequest, label: Omit<PayoutLabel, 'payoutId'>): Promise<PayoutOpening>;
  /** Starts the workflow of a payout that is already a row; does nothing where it runs. */
  startPayout(label: PayoutLabel): Promise<void>;
  /** Wakes a payout that waits: its next attempt, or its look at Stripe, is now. Starts its workflow where none runs. */
  retryPayout(label: PayoutLabel): Promise<void>;
  /** Sends the payout's workflow a hint at Stripe's report; starts one where none runs, also days later. */
  notifyPayout(label: PayoutLabel, word: Hint<Wordless<PayoutReport>>): Promise<void>;
  /** Makes and links the seller's account at Stripe, and waits for the result. */
  onboardSeller(userId: Id, ask: OnboardingAsk): Promise<OnboardingAnswer>;
  /** Stripe reported a change of the seller's account: the workflow reads it there. Starts one where none runs. */
  notifyAccountChanged(userId: Id): Promise<void>;
}
