import type { Reversal, Transfer } from '../../db/marketplace/index.ts';
import { refundWorkflowId, reversalWorkflowId } from '../../domain/marketplace/index.ts';
import type { RowKind, StoryEvent, StoryRow, StuckKind } from '../row-kind.ts';
import { asks, attemptsOf, event, eventIf, nextOf } from '../telling.ts';
import type { ActionName } from '../titles.ts';
import { giveUpReversal, retryReversal, reversalResolutions } from './reversal-actions.ts';
import { SHARE_WAITS } from './waits.ts';

export const reversal: Omit<RowKind, 'story'> = {
  kind: 'reversal',
  hasWorkflow: true,
  actions: [
    ...[retryReversal, giveUpReversal],
    ...[reversalResolutions.settled_outside, reversalResolutions.written_off],
  ],
};

const WHILE_OPEN: readonly ActionName[] = ['retry', 'give_up'];
const ONCE_FAILED: readonly ActionName[] = ['retry', 'settled_outside', 'written_off'];

export const stuckReversal: StuckKind = {
  one: 'Reversal',
  many: 'Reversals under way',
  next: (row) => nextOf(row, SHARE_WAITS),
  actions: ({ subject }) => asks(subject, ...WHILE_OPEN),
  onMany: ['retry', 'give_up'],
  money: [{ name: 'Reversals under way', tone: 'busy' }],
};

export const failedReversal: StuckKind = {
  one: 'Reversal that gave up',
  many: 'Reversals that gave up',
  next: () =>
    'Nothing, until a person retries it, or says how it was settled: the seller still has the money.',
  actions: ({ subject }) => asks(subject, ...ONCE_FAILED),
  onMany: ['retry'],
  gaveUp: true,
  money: [{ name: 'Reversals that gave up', tone: 'bad' }],
};

export function reversalRow(
  row: Reversal,
  currency: string,
  {
    isSuperseded,
    hasHappened,
  }: {
    readonly isSuperseded: boolean;
    readonly hasHappened: boolean;
  },
): StoryRow {
  const subject = reversalWorkflowId(row.id);
  const { doneWithinRefund, refundId } = row;
  return {
    kind: 'reversal',
    subject,
    ...(doneWithinRefund && refundId !== null && { workflowId: refundWorkflowId(refundId) }),
    status: row.status,
    money: { amountMinor: row.amountMinor - row.coveredMinor, currency },
    ...attemptsOf(row),
    providerId: row.stripeReversalId,
    actions: isSuperseded ? [] : asks(subject, ...actionsOn(row, hasHappened)),
  };
}

/** `hasHappened`: Stripe reported that it carried out a reversal that a person had ended. */
function actionsOn({ status }: Reversal, hasHappened: boolean): readonly ActionName[] {
  if (status === 'pending') return WHILE_OPEN;
  if (status === 'permanently_failed') return ONCE_FAILED;
  return [
    ...(hasHappened ? (['retry'] as const) : []),
    ...(status === 'written_off' ? (['settled_outside'] as const) : []),
  ];
}

const ENDS: Readonly<Record<Reversal['status'], string>> = {
  pending: 'It is open.',
  reversed: 'The money is back.',
  permanently_failed: 'It failed for good: a person has to decide.',
  settled_outside: 'The seller paid some other way.',
  written_off: 'It was written off as our loss.',
  withdrawn: 'It was withdrawn: the money of its refund came back.',
};

export function reversalEvents(row: Reversal, transfer: Transfer | undefined): StoryEvent[] {
  const subject = reversalWorkflowId(row.id);
  const money = transfer ? { amountMinor: row.amountMinor, currency: transfer.currency } : null;
  const { createdAt, askedAt, endedAt, status, errorMessage } = row;
  const why = status !== 'reversed' && errorMessage !== null ? ` ${errorMessage}` : '';
  return [
    event(createdAt, 'reversal', subject, beginningOf(row), { money }),
    ...eventIf(askedAt, 'reversal', subject, 'Stripe was first asked under its present key.'),
    ...eventIf(endedAt, 'reversal', subject, `${ENDS[status]}${why}`, { money }),
  ];
}

function beginningOf({ retryOf, refundId, transferId }: Reversal): string {
  if (retryOf !== null) return `It takes the place of reversal ${retryOf}.`;
  return refundId === null
    ? 'A reversal that is not ours was seen at Stripe.'
    : `The seller’s share of the refund is to be taken back from transfer ${transferId}.`;
}
