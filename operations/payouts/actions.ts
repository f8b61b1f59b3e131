import type { Tx } from '../../db/client.ts';
import { lockNamed } from '../../db/kernel/index.ts';
import {
  askPayoutAgain,
  bookDifferingPayout,
  lockPayout,
  type Payout,
  type PayoutWork,
} from '../../db/payouts/index.ts';
import { effectOf } from '../../domain/kernel/index.ts';
import { PAYOUT_ACTIONS, payoutWorkflowId } from '../../domain/payouts/index.ts';
import { reasonOf } from '../acting.ts';
import type { RowAction } from '../row-kind.ts';
import { moneyOf } from '../telling.ts';

type PayoutAction = RowAction<Payout, PayoutWork>;

// Each snapshot locks in the order that the verb after it does, so that between the two nothing changes.

async function snapshot(tx: Tx, payoutId: string) {
  const payout = await lockNamed(tx, 'payout', payoutId, lockPayout);
  return { status: payout.status, money: moneyOf(payout) };
}

const nowOf = ({ id, status }: Payout) => ({ subject: payoutWorkflowId(id), status });

const retry: PayoutAction = {
  action: 'retry',
  kind: 'payout',
  refusals: ['payout_not_found', 'payout_not_open'],
  snapshot,
  async act(tx, payoutId, act) {
    const { payout, work } = await askPayoutAgain(tx, { payoutId, ...act, action: 'payout.retry' });
    return { done: payout, now: nowOf(payout), work };
  },
  async notify({ engine }, work) {
    await engine.retryPayout(work);
    return null;
  },
  describeEffect: (standing) => effectOf(PAYOUT_ACTIONS.retry, standing),
};

const giveUp: PayoutAction = {
  action: 'give_up',
  kind: 'payout',
  refusals: ['payout_not_found', 'payout_not_open'],
  snapshot,
  async act(tx, payoutId, act) {
    const ask = { payoutId, ...act, reason: reasonOf(act), action: 'payout.give_up' } as const;
    const { payout, work } = await askPayoutAgain(tx, ask);
    return { done: payout, now: nowOf(payout), work };
  },
  // The workflow is woken and finds on the row that it was given up: the operator's reason stays out of Temporal's
  // histories.
  async notify({ engine }, work) {
    await engine.retryPayout(work);
    return { note: 'Its workflow looks at Stripe first: what Stripe has goes on.' };
  },
  describeEffect: (standing) => effectOf(PAYOUT_ACTIONS.give_up, standing),
};

const bookAsMade: PayoutAction = {
  action: 'book_as_made',
  kind: 'payout',
  refusals: ['payout_not_found', 'payout_not_bookable'],
  /** The larger of the asked and the made amount is decided on. */
  async snapshot(tx, payoutId) {
    const { status, amountMinor, differingMinor, currency } = await lockNamed(
      tx,
      'payout',
      payoutId,
      lockPayout,
    );
    return { status, money: { amountMinor: Math.max(amountMinor, differingMinor ?? 0), currency } };
  },
  async act(tx, payoutId, act) {
    const { payout, work } = await bookDifferingPayout(tx, { payoutId, ...act, reason: reasonOf(act) });
    return { done: payout, now: nowOf(payout), work };
  },
  async notify({ engine }, work) {
    await engine.retryPayout(work);
    return null;
  },
  describeEffect: (standing) => effectOf(PAYOUT_ACTIONS.book_as_made, standing),
};

export const PAYOUT_ROW_ACTIONS = [retry, giveUp, bookAsMade];
