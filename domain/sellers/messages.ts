import type { Refused } from '../kernel/index.ts';

/** What a seller wants of Stripe's onboarding. */
export interface OnboardingAsk {
  /** ISO 3166-1 alpha-2, for an account that is not there yet. */
  readonly country?: string;
  /** Whether an account may be made; otherwise there has to be one. */
  readonly mayCreate: boolean;
  /** Of the row that says where Stripe's forms lead; absent in what was asked before there was one. */
  readonly linkAskId?: string;
}

/** The link itself is in its row: whoever reads histories could use it. */
export type OnboardingAnswer = Refused | { readonly stripeAccountId: string };
