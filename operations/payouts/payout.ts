import { type Payout, readPayoutRows } from '../../db/payouts/index.ts';
import { payoutWorkflowId } from '../../domain/payouts/index.ts';
import { ledgerEvents } from '../ledger/index.ts';
import type { RowKind, StoryEvent, StoryRow, StuckKind } from '../row-kind.ts';
import { STRIPE_WAITS } from '../sellers/index.ts';
import { asks, attemptsOf, event, eventIf, moneyOf, nextOf } from '../telling.ts';
import type { ActionName } from '../titles.ts';
import { PAYOUT_ROW_ACTIONS } from './actions.ts';

export const payout: RowKind = {
  kind: 'payout',
  hasWorkflow: true,
  actions: PAYOUT_ROW_ACTIONS,
  async story(db, id) {
    const found = await readPayoutRows(db, id);
    if (found === null) return null;
    const subject = payoutWorkflowId(id);
    const { externalPayoutId } = found.payout;
    return {
      orderId: null,
      rows: () => [storyRow(found.payout)],
      events: [...payoutEvents(found.payout), ...ledgerEvents(found.entries)],
      about: [id, ...(externalPayoutId === null ? [] : [externalPayoutId])],
      subjects: [subject],
    };
  },
};

/** What may be done to one that is open, by what it waits for. */
const whileOpen = (waitingFor: string | null): ActionName[] => [
  ...(waitingFor === 'amount_differs' ? (['book_as_made'] as const) : []),
  'retry',
  'give_up',
];

export const stuckPayout: StuckKind = {
  one: 'Payout',
  many: 'Payouts under way',
  next: (row) => nextOf(row, STRIPE_WAITS),
  actions: ({ subject, waitingFor }) => asks(subject, ...whileOpen(waitingFor)),
  onMany: ['retry', 'give_up'],
  money: [{ name: 'Payouts under way', tone: 'busy' }],
};

function storyRow(row: Payout): StoryRow {
  const subject = payoutWorkflowId(row.id);
  return {
    kind: 'payout',
    subject,
    status: row.status,
    money: moneyOf(row),
    ...attemptsOf(row),
    providerId: row.externalPayoutId,
    actions: row.status === 'pending' ? asks(subject, ...whileOpen(row.waitingFor)) : [],
  };
}

function payoutEvents(row: Payout): StoryEvent[] {
  const subject = payoutWorkflowId(row.id);
  const money = moneyOf(row);
  const { createdAt, askedAt, paidAt, failedAt, externalPayoutId, sellerId, errorMessage } = row;
  return [
    event(createdAt, 'payout', subject, 'The seller asked for a payout.', { money, by: sellerId }),
    ...eventIf(askedAt, 'payout', subject, 'Stripe was asked to pay it out.'),
    ...eventIf(paidAt, 'payout', subject, `It was paid as ${externalPayoutId}.`),
    ...eventIf(failedAt, 'payout', subject, `It failed: ${errorMessage ?? 'nobody said why'}.`),
  ];
}
