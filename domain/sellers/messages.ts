import type { Refused } from '../kernel/index.ts';

/** What a seller wants of Stripe's onboarding. */
export interface OnboardingAsk {
  /** ISO 3166-1 alpha-2, for an account that is not there yet. */
  readonly country?: string;
  /** Whether an account may be made; if not, the seller must have one. */
  readonly mayCreate: boolean;
  /** The id of the row that says where Stripe's forms lead; absent in older asks. */
  readonly linkAskId?: string;
}

/** The link itself stays in its row: anybody who reads histories could use it. */
export type OnboardingAnswer = Refused | { readonly stripeAccountId: string };
