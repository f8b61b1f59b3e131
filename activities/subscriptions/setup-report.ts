import type { AttemptReport } from '../../domain/subscriptions/messages.ts';
import { reportedCard } from '../../providers/webhooks/attempt-report.ts';
import type { PaymentEvent } from '../../providers/webhooks/hyperswitch-event.ts';

/** What an event says of a set-up payment, which moves no money; null where it is not over. */
export function setupReport(event: PaymentEvent): Pick<AttemptReport, 'verdict' | 'card'> | null {
  if (event.verdict === 'waiting') return null;
  return event.verdict === 'succeeded'
    ? { verdict: 'captured', card: reportedCard(event) }
    : { verdict: 'failed', card: null };
}
