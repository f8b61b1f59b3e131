import type { SubscriptionRows } from '../../db/subscriptions/index.ts';
import type { EndReason } from '../../domain/subscriptions/index.ts';
import { subscriptionWorkflowId } from '../../domain/subscriptions/index.ts';
import type { RowKind, StoryEvent, StoryRow, StuckKind } from '../row-kind.ts';
import { asks, event, eventIf, moneyOf, QUIET } from '../telling.ts';
import type { ActionName } from '../titles.ts';
import { SUBSCRIPTION_ROW_ACTIONS } from './subscription-actions.ts';

type Row = SubscriptionRows['subscription'];

export const subscription: Omit<RowKind, 'story'> = {
  kind: 'subscription',
  // Free has none: nothing of it is ever due.
  hasWorkflow: true,
  actions: SUBSCRIPTION_ROW_ACTIONS,
};

export const overdueSubscription: StuckKind = {
  one: 'Overdue subscription',
  many: 'Subscriptions whose workflow missed its time',
  next: () => 'Each sweep starts or wakes its workflow, which then does what is due.',
  actions: ({ subject }) => asks(subject, 'retry', 'end_now'),
  onMany: ['retry'],
};

export function subscriptionRow({ subscription: row, price }: SubscriptionRows): StoryRow {
  return {
    ...QUIET,
    kind: 'subscription',
    subject: subscriptionWorkflowId(row.id),
    status: row.status,
    money: moneyOf(price),
    nextAttemptAt: row.nextDueAt,
    providerId: null,
    actions: asks(subscriptionWorkflowId(row.id), ...actionsOn(row)),
  };
}

const RENEWS: readonly Row['status'][] = ['trialing', 'active', 'past_due'];

function actionsOn(row: Row): ActionName[] {
  const isLive = row.endedAt === null;
  return [
    ...(row.nextDueAt === null ? [] : (['retry'] as const)),
    ...(isLive && RENEWS.includes(row.status) ? (['move_price'] as const) : []),
    ...(isLive ? (['end_now'] as const) : []),
  ];
}

const ENDS: Readonly<Record<EndReason, string>> = {
  asked: 'its person cancelled it',
  replaced: 'another one took its place',
  unpaid: 'its first payment never came',
  trial_without_card: 'its trial was over, and there was no card',
  trial_used: 'its person or card had a trial before',
  dunning_over: 'its renewal was refused until the last attempt',
  refunded: 'its payment was refunded',
  dispute_lost: 'a dispute took its payment back',
  disputed: 'its payment was disputed while it was past due',
  phantom: 'it said that it was in force, and nobody had paid',
  ended_by_operator: 'an operator ended it',
};

export function subscriptionEvents({
  subscription: row,
  price,
  changes,
  setups,
}: SubscriptionRows): StoryEvent[] {
  const subject = subscriptionWorkflowId(row.id);
  const cycle = `${price.planId}, ${price.billingCycle}`;
  return [
    event(row.createdAt, 'subscription', subject, `It began (${cycle}).`, {
      money: moneyOf(price),
      by: row.userId,
    }),
    ...eventIf(row.trialEnd, 'subscription', subject, 'Its trial ends.'),
    ...eventIf(row.dunningSince, 'subscription', subject, 'Its renewal was refused: dunning began.'),
    ...eventIf(
      row.cancelRequestedAt,
      'subscription',
      subject,
      row.cancelCause === 'dispute' ? 'A dispute asked for its end.' : 'Its person asked for its end.',
    ),
    ...eventIf(
      row.endedAt,
      'subscription',
      subject,
      `It ended: ${row.endReason === null ? 'nobody said why' : ENDS[row.endReason]}.`,
    ),
    ...changes.map((change) =>
      event(
        change.createdAt,
        'change',
        subject,
        `A change to price ${change.toPriceId} is ${change.status}.`,
        {
          detail: { changeId: change.id, invoiceId: change.invoiceId, quotedAt: change.quotedAt },
        },
      ),
    ),
    ...setups.flatMap((setup) => [
      event(setup.createdAt, 'setup', subject, 'A card was to be put on file.', {
        detail: { setupId: setup.id },
      }),
      ...eventIf(
        setup.endedAt,
        'setup',
        subject,
        `The PSP said how that ended: ${setup.providerStatus ?? 'over'}.`,
      ),
    ]),
  ];
}
