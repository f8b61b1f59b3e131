import type { WebhookOutcome } from '../db/webhooks/index.ts';
import type { Hint } from '../domain/kernel/index.ts';

/** What became of a webhook. */
export interface Dispatched {
  readonly outcome: WebhookOutcome;
  /** Why the webhook was not simply signalled. */
  readonly note: string | null;
  /** The workflow that was notified. */
  readonly workflowId?: string;
}

export const signalled = (workflowId: string): Dispatched => ({
  outcome: 'signalled',
  note: null,
  workflowId,
});
export const otherMode = (note: string): Dispatched => ({ outcome: 'other_mode', note });
export const ignored = (note: string): Dispatched => ({ outcome: 'ignored', note });
export const unmatched = (note: string): Dispatched => ({ outcome: 'unmatched', note });
export const unhandled = (note: string): Dispatched => ({ outcome: 'unhandled', note });

/** A report as a signal carries it, with the inbox row from which it is read again. */
export const hint = <Report extends object>(report: Report, webhookId: string | null): Hint<Report> =>
  webhookId === null ? report : { ...report, webhookId };
