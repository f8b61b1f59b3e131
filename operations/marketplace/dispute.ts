import type { OrderRows } from '../../db/marketplace/index.ts';
import { orderWorkflowId } from '../../domain/marketplace/index.ts';
import type { StoryEvent, StoryRow } from '../row-kind.ts';
import { event, moneyOf, QUIET } from '../telling.ts';

// A dispute is answered and decided at the PSP. It has no story of its own: it stands in its order's.

export const disputeRow = (row: OrderRows['disputes'][number]): StoryRow => ({
  ...QUIET,
  kind: 'dispute',
  subject: orderWorkflowId(row.orderId),
  status: row.status,
  money: moneyOf(row),
  lastError: row.unbookedWhy === null ? null : `not booked: ${row.unbookedWhy}`,
  providerId: row.providerDisputeId,
  actions: [],
});

export const disputeEvents = ({ disputes, words }: OrderRows): StoryEvent[] =>
  words.flatMap((word) => {
    const row = disputes.find(({ id }) => id === word.disputeId);
    if (row === undefined) return [];
    const isFirst = words.find(({ disputeId }) => disputeId === word.disputeId) === word;
    const money = { amountMinor: word.amountMinor, currency: row.currency };
    const stage = word.stage === 'dispute' ? '' : `, at the stage ${word.stage}`;
    const opened = isFirst && word.said === 'open';
    const text = opened
      ? `The buyer disputes the payment (${row.providerDisputeId})${stage}.`
      : `Dispute ${row.providerDisputeId} is ${word.said}${stage}.`;
    return event(word.at, 'dispute', orderWorkflowId(row.orderId), text, { money });
  });
