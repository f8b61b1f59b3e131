import type { OrderRows } from '../../db/marketplace/index.ts';
import type { StoryEvent, StoryRow } from '../row-kind.ts';
import { event, moneyOf, QUIET } from '../telling.ts';

// A dispute is answered and decided at the PSP. It has no story of its own: it stands in that of what it is of.

type Row = Omit<OrderRows['disputes'][number], 'orderId'>;

/** `subject` is what it is of. */
export const disputeRow = (row: Row, subject: string): StoryRow => ({
  ...QUIET,
  kind: 'dispute',
  subject,
  status: row.status,
  money: moneyOf(row),
  lastError: row.unbookedWhy === null ? null : `not booked: ${row.unbookedWhy}`,
  providerId: row.providerDisputeId,
  actions: [],
});

export const disputeEvents = <Of extends Row>(
  { disputes, words }: { readonly disputes: readonly Of[]; readonly words: OrderRows['words'] },
  subjectOf: (row: Of) => string,
): StoryEvent[] =>
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
    return event(word.at, 'dispute', subjectOf(row), text, { money });
  });
