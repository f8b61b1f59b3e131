import type { Transfer } from '../../db/marketplace/index.ts';
import { transferWorkflowId } from '../../domain/marketplace/index.ts';
import type { RowKind, StoryEvent, StoryRow, StuckKind } from '../row-kind.ts';
import { asks, attemptsOf, event, eventIf, moneyOf, nextOf } from '../telling.ts';
import type { ActionName } from '../titles.ts';
import { retryTransfer, transferResolutions } from './transfer-actions.ts';
import { SHARE_WAITS } from './waits.ts';

export const transfer: Omit<RowKind, 'story'> = {
  kind: 'transfer',
  hasWorkflow: true,
  actions: [retryTransfer, transferResolutions.settled_outside, transferResolutions.written_off],
};

const WHILE_OPEN: readonly ActionName[] = ['retry'];
/** Where Stripe was not asked, or does not have the transfer, a person may say who has the money. */
const WHILE_OURS: readonly ActionName[] = ['retry', 'settled_outside', 'written_off'];

export const stuckTransfer: StuckKind = {
  one: 'Transfer',
  many: 'Transfers under way',
  next: (row) => nextOf(row, SHARE_WAITS),
  actions: ({ subject }) => asks(subject, ...WHILE_OPEN),
  onMany: ['retry'],
  money: [
    { name: 'Transfers to be sent', tone: 'busy' },
    { status: 'failed', name: 'Transfers that failed and are tried again', tone: 'warn' },
  ],
};

export const failedTransfer: StuckKind = {
  one: 'Transfer that gave up',
  many: 'Transfers that gave up',
  next: () =>
    'Nothing, until a person retries it, or says how it was settled: the seller has not got the money.',
  actions: ({ subject }) => asks(subject, ...WHILE_OURS),
  onMany: ['retry'],
  gaveUp: true,
  money: [{ name: 'Transfers that gave up', tone: 'bad' }],
};

export function transferRow(row: Transfer, isSuperseded: boolean): StoryRow {
  const subject = transferWorkflowId(row.id);
  return {
    kind: 'transfer',
    subject,
    status: row.status,
    money: moneyOf(row),
    ...attemptsOf(row),
    providerId: row.stripeTransferId,
    actions: isSuperseded ? [] : asks(subject, ...actionsOn(row)),
  };
}

function actionsOn({ status, completedAt, askedAt, amountMinor }: Transfer): readonly ActionName[] {
  const isOpen = status === 'pending' || status === 'failed';
  const isLost = status === 'permanently_failed' && completedAt === null && amountMinor > 0;
  if (isLost || (isOpen && askedAt === null)) return WHILE_OURS;
  if (isOpen) return WHILE_OPEN;
  return status === 'written_off' && amountMinor > 0 ? ['settled_outside'] : [];
}

export function transferEvents(row: Transfer): StoryEvent[] {
  const subject = transferWorkflowId(row.id);
  const money = moneyOf(row);
  const { createdAt, askedAt, completedAt, retryOf, stripeTransferId, sellerId } = row;
  const opened =
    retryOf === null
      ? `The share of seller ${sellerId} is to be sent.`
      : `It takes the place of transfer ${retryOf}.`;
  return [
    event(createdAt, 'transfer', subject, opened, { money }),
    ...eventIf(askedAt, 'transfer', subject, 'Stripe was asked to send it.'),
    ...eventIf(completedAt, 'transfer', subject, `Stripe sent it as ${stripeTransferId}.`, { money }),
  ];
}
