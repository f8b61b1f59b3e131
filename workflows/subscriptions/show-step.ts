import type { Step } from '../../domain/subscriptions/step.ts';
import { describe, showChanges } from '../kernel/index.ts';

const SAYS: Readonly<Record<'ask' | 'end' | 'look' | 'set_up', string>> = {
  ask: 'the PSP is asked for its payment',
  end: 'its payment is ended at the PSP, since nobody wants it any more',
  look: 'the PSP is asked how its payment stands',
  set_up: 'the PSP is asked for a set-up payment',
};

/** What operators see. Each change of what lists show is an event, so only what changed is sent. */
export function showStep(subscriptionId: string, step: Step): void {
  if (step.kind === 'missing') return;
  const { shown } = step;
  showChanges({
    VezaStatus: shown.status,
    VezaPlan: shown.planId,
    VezaAmountMinor: shown.amountMinor,
    VezaRetryCount: shown.retryCount,
    VezaNextAttemptAt: shown.nextAttemptAt === null ? null : new Date(shown.nextAttemptAt),
  });
  describe(
    step.kind === 'ask' || step.kind === 'look'
      ? ['Send the signal `retryNow` to ask the PSP now.']
      : step.kind === 'wait'
        ? ['Nothing: it wakes by itself. Charge it now, or end it, by the ops console or `npm run ops`.']
        : [],
    [
      ['State', step.kind === 'wait' ? step.summary : step.kind === 'ended' ? shown.status : SAYS[step.kind]],
      ['Status', shown.status],
      ['Subscription', subscriptionId],
      ['Payment', 'attemptId' in step ? step.attemptId : null],
    ],
  );
}
