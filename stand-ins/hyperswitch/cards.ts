import { createHash } from 'node:crypto';
import { isRecord } from '../kernel/fields.ts';
import type { Books } from './books.ts';
import type { Card, DeclineWords, Ending, Payment } from './types.ts';

const GOOD: Ending = { kind: 'succeeds' };
const WANTS_BUYER: Ending = { kind: 'wants_buyer' };

export const declines = (words: DeclineWords): Ending => ({ kind: 'declines', words });

/**
 * Stripe's test cards (docs.stripe.com/testing), and what becomes of a charge with the buyer present and without.
 * Stripe attaches none of those that decline, but for …0341. Here a set-up payment keeps them all, so that there is a
 * card on file for each code.
 */
export const TEST_CARDS = {
  good: '4242424242424242',
  declined: '4000000000000002',
  /** Is kept, the first payment passes, and every charge without the buyer is declined. */
  declinesLater: '4000000000000341',
  insufficientFunds: '4000000000009995',
  lost: '4000000000009987',
  stolen: '4000000000009979',
  expired: '4000000000000069',
  processingError: '4000000000000119',
  /** Wants the buyer each time, however it was set up. */
  wantsBuyer: '4000002760003184',
} as const;

const always = (ending: Ending): readonly [Ending, Ending] => [ending, ending];
const ENDINGS: Readonly<Record<string, readonly [present: Ending, absent: Ending]>> = {
  [TEST_CARDS.declined]: always(declines({ declineCode: 'generic_decline' })),
  [TEST_CARDS.declinesLater]: [GOOD, declines({ declineCode: 'generic_decline' })],
  [TEST_CARDS.insufficientFunds]: always(declines({ declineCode: 'insufficient_funds' })),
  [TEST_CARDS.lost]: always(declines({ declineCode: 'lost_card' })),
  [TEST_CARDS.stolen]: always(declines({ declineCode: 'stolen_card' })),
  [TEST_CARDS.expired]: always(declines({ declineCode: 'expired_card' })),
  [TEST_CARDS.processingError]: always(declines({ declineCode: 'processing_error' })),
  [TEST_CARDS.wantsBuyer]: always(WANTS_BUYER),
};

const NETWORKS: Readonly<Record<string, string>> = {
  '2': 'Mastercard',
  '3': 'AmericanExpress',
  '4': 'Visa',
  '5': 'Mastercard',
  '6': 'Discover',
};

export function cardOf(number: string, expMonth = '10', expYear = '2030'): Card {
  const digits = number.replaceAll(/\D/g, '');
  const [present, absent] = ENDINGS[digits] ?? [GOOD, GOOD];
  return {
    numberHash: hashOf(digits),
    last4: digits.slice(-4),
    network: NETWORKS[digits.charAt(0)] ?? 'Visa',
    expMonth,
    expYear,
    present,
    absent,
  };
}

/** The card of a confirmation; the good one where it names none. */
export function cardIn(body: Record<string, unknown>): Card {
  const data = body['payment_method_data'];
  const card = isRecord(data) && isRecord(data['card']) ? data['card'] : {};
  const text = (name: string): string | undefined => {
    const value = card[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return cardOf(text('card_number') ?? TEST_CARDS.good, text('card_exp_month'), text('card_exp_year'));
}

export const shownCard = ({ last4, network, expMonth, expYear }: Card): Payment['payment_method_data'] => ({
  card: { last4, card_network: network, card_exp_month: expMonth, card_exp_year: expYear },
});

/** Of 20 characters, the same for one card under any customer; null while the guard is off. */
export function fingerprintOf(books: Books, { numberHash }: Card): string | null {
  if (!books.showsFingerprints) return null;
  return books.fingerprints.get(numberHash) ?? hashOf(numberHash).slice(0, 20);
}

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
