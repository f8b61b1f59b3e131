import type { WebhookOutcome } from '../../db/webhooks/index.ts';
import type { DisputeEvent, PaymentEvent, RefundEvent } from '../../providers/webhooks/hyperswitch-event.ts';

/** What the inbox did with an event; see inbox/dispatched.ts. */
export interface Told {
  readonly outcome: WebhookOutcome;
  readonly note: string | null;
  readonly workflowId?: string;
}

/** The inbox, as the composition root hands it down: the same dispatcher that webhooks go through. */
export interface Inbox {
  /** Dispatches what the PSP's webhook would have said. */
  dispatch(event: RefundEvent | PaymentEvent | DisputeEvent): Promise<Told>;
  /** Dispatches a stored webhook again; null where it was handed on meanwhile. */
  redrive(webhookId: string): Promise<Told | null>;
}
