import { createHyperswitch, type HyperswitchBooks } from '../providers/hyperswitch/client.ts';
import { createStripe, type StripeReader } from '../providers/stripe/client.ts';
import type { PayoutCalls } from '../providers/stripe/payouts.ts';

export type StripeBooks = Pick<StripeReader, 'listTransfers' | 'listReversals' | 'readTransfer'> &
  Pick<PayoutCalls, 'findPayout' | 'readPayout'>;

/** Nothing here can create, change or cancel anything at a provider. */
export interface ProviderReaders {
  readonly psp: HyperswitchBooks;
  readonly stripe: StripeBooks;
}

/** The providers that the configuration names, with their reading calls alone. */
export function openReaders(config: {
  readonly HYPERSWITCH_BASE_URL: string;
  readonly HYPERSWITCH_API_KEY: string;
  readonly STRIPE_SECRET_KEY: string;
  readonly STRIPE_API_BASE: string;
}): ProviderReaders {
  const { readPayment, readRefund, listRefunds, listDisputes } = createHyperswitch({
    baseUrl: config.HYPERSWITCH_BASE_URL,
    apiKey: config.HYPERSWITCH_API_KEY,
  });
  const { listTransfers, listReversals, readTransfer, findPayout, readPayout } = createStripe({
    secretKey: config.STRIPE_SECRET_KEY,
    apiBase: config.STRIPE_API_BASE,
  });
  return {
    psp: { readPayment, readRefund, listRefunds, listDisputes },
    stripe: { listTransfers, listReversals, readTransfer, findPayout, readPayout },
  };
}
