import type { Refusal } from '../errors.ts';
import { cutMinor, payoutGrainMinor, formatMoney } from '../kernel/index.ts';

/** What a seller has in one currency. Minor units. */
export interface PayableFunds {
  readonly currency: string;
  readonly availableMinor: number;
  /** The seller's shares of disputed orders, which are not paid out while the disputes are open. */
  readonly disputedMinor: number;
}

export interface PayingSeller {
  readonly stripeAccountId: string | null;
  /** NULL: Stripe has not told us. */
  readonly payoutsEnabled: boolean | null;
  readonly funds: readonly PayableFunds[];
}

export interface PayoutAsk {
  readonly amount?: unknown;
  readonly currency?: string;
}

export type PayoutDecision =
  | { readonly refusal: Refusal }
  | { readonly amountMinor: number; readonly currency: string };

export const payableMinor = ({ availableMinor, disputedMinor }: PayableFunds) =>
  Math.max(availableMinor - disputedMinor, 0);

/**
 * Decides whether and how much a seller is paid out: first without a lock, to refuse cheaply, then again under the
 * balance's lock.
 */
export function decidePayout(
  seller: PayingSeller,
  ask: PayoutAsk,
  { minimumMinor }: { readonly minimumMinor: number },
): PayoutDecision {
  if (seller.stripeAccountId === null) {
    return refuse('seller_has_no_account', 'Connect a Stripe account first.');
  }
  if (seller.payoutsEnabled === false) {
    return refuse('seller_account_not_ready', 'Stripe needs more from you before it pays out.');
  }
  const wanted = ask.amount === undefined ? undefined : asAmountMinor(ask.amount);
  if (wanted === null) {
    return refuse('payout_amount_invalid', 'The amount is a positive integer in the currency’s minor unit.');
  }
  const chosen = chooseCurrency(seller.funds, ask.currency);
  if ('refusal' in chosen) return chosen;
  const { currency } = chosen;
  const grain = payoutGrainMinor(currency);
  const leftMinor = cutMinor(payableMinor(chosen), grain);
  const held: NonNullable<Refusal['extra']> =
    chosen.disputedMinor > 0 ? { disputed_amount: chosen.disputedMinor } : {};
  if (leftMinor === 0) return refuse('nothing_available', `Nothing in ${currency} is available.`, held);
  // What is below the grain stays available.
  const amountMinor = cutMinor(wanted ?? leftMinor, grain);
  if (wanted !== undefined && wanted > payableMinor(chosen)) {
    return refuse('payout_amount_invalid', `At most ${formatMoney(leftMinor, currency)} can be paid out.`, {
      available_amount: leftMinor,
      ...held,
    });
  }
  if (amountMinor === 0) {
    const least = formatMoney(grain, currency);
    return refuse('payout_below_minimum', `Stripe pays out multiples of ${least}.`, {
      minimum_amount: Math.max(grain, minimumMinor),
      available_amount: leftMinor,
    });
  }
  if (amountMinor < minimumMinor) {
    return refuse('payout_below_minimum', `At least ${formatMoney(minimumMinor, currency)} is paid out.`, {
      minimum_amount: minimumMinor,
      available_amount: leftMinor,
    });
  }
  return { amountMinor, currency };
}

function chooseCurrency(
  funds: readonly PayableFunds[],
  wanted: string | undefined,
): PayableFunds | { readonly refusal: Refusal } {
  if (wanted !== undefined) {
    const named = funds.find(({ currency }) => currency === wanted);
    return named ?? refuse('nothing_available', `Nothing in ${wanted} is available.`);
  }
  const filled = funds.filter(({ availableMinor }) => availableMinor > 0);
  const [only, ...others] = filled;
  if (only === undefined) return refuse('nothing_available', 'Nothing is available.');
  if (others.length === 0) return only;
  const currencies = filled.map(({ currency }) => currency).toSorted();
  return refuse('payout_currency_required', `Name one of ${currencies.join(', ')}.`);
}

const asAmountMinor = (value: unknown): number | null =>
  Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : null;

const refuse = (
  code: Refusal['code'],
  detail: string,
  extra: NonNullable<Refusal['extra']> = {},
): { readonly refusal: Refusal } => ({ refusal: { code, detail, extra } });
