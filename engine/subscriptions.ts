import { v7 as uuidv7 } from 'uuid';
import { formatMoney } from '../domain/kernel/index.ts';
import { phantomsWorkflowId, subscriptionWorkflowId } from '../domain/subscriptions/index.ts';
import type { phantoms } from '../workflows/index.ts';
import { retryNow } from '../workflows/kernel/messages.ts';
import {
  ask as asked,
  outside,
  payment,
  phantomProgress,
  subscribe,
  wake,
} from '../workflows/subscriptions/messages.ts';
import { attributes } from './attributes.ts';
import type { Calls, Start, TaskQueues } from './calls.ts';
import { namingFailures } from './failures.ts';
import type { SubscriptionEngine, SubscriptionLabel } from './port/subscriptions.ts';

export function subscriptionEngine(
  { workflows, start, tell, ask, look }: Calls,
  queues: TaskQueues,
): SubscriptionEngine {
  const of = (label: SubscriptionLabel): Start<'subscription'> => ({
    type: 'subscription',
    workflowId: subscriptionWorkflowId(label.subscriptionId),
    taskQueue: queues.billing,
    args: [{ subscriptionId: label.subscriptionId }],
    staticSummary: `Subscription to ${label.planId} for ${formatMoney(label.amountMinor, label.currency)}`,
    typedSearchAttributes: attributes({
      VezaSubscriptionId: label.subscriptionId,
      VezaPlan: label.planId,
      VezaStatus: label.status,
      VezaAmountMinor: label.amountMinor,
      VezaCurrency: label.currency,
      VezaRetryCount: 0,
    }),
  });

  return {
    subscribe: (askId, label) => ask(of(label), subscribe, askId),
    askSubscription: (askId, label) => ask(of(label), asked, askId),
    startSubscription: (label) => start(of(label)),
    wakeSubscription: (label) => tell(of(label), wake),
    retrySubscription: (label) => tell(of(label), retryNow),
    notifySubscriptionPayment: (news, label) => tell(of(label), payment, news),
    notifySubscriptionOutside: (event, label) => tell(of(label), outside, event),

    startPhantomSweep: (dryRun) =>
      start({
        type: 'phantoms',
        workflowId: phantomsWorkflowId(dryRun),
        taskQueue: queues.billing,
        args: [{ sweepId: uuidv7(), dryRun }],
        staticSummary: `Subscriptions that nobody paid${dryRun ? ' (dry run)' : ''}`,
      }),
    phantomProgress: (dryRun) => look(phantomsWorkflowId(dryRun), phantomProgress),
    phantomReport: (dryRun) =>
      namingFailures(() => workflows.getHandle<typeof phantoms>(phantomsWorkflowId(dryRun)).result()),
  };
}
