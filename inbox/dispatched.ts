import type { WebhookOutcome } from '../db/schema/index.ts';

/** What became of a webhook. */
export interface Dispatched {
  readonly outcome: WebhookOutcome;
  /** Why, where it is not simply signalled. */
  readonly note: string | null;
  /** Of the workflow that was told. */
  readonly workflowId?: string;
}

export const signalled = (workflowId: string): Dispatched => ({
  outcome: 'signalled',
  note: null,
  workflowId,
});
export const ignored = (note: string): Dispatched => ({ outcome: 'ignored', note });
export const unmatched = (note: string): Dispatched => ({ outcome: 'unmatched', note });
export const unhandled = (note: string): Dispatched => ({ outcome: 'unhandled', note });

export const isUuid = (value: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
