import type { Money } from '../domain/kernel/index.ts';
import type { ActionAsk } from './index.ts';

export const STORY_KINDS = [
  'order',
  'refund',
  'transfer',
  'reversal',
  'payout',
  'dispute',
  'webhook',
  'ledger',
  'audit',
  'flag',
] as const;
export type StoryKind = (typeof STORY_KINDS)[number];

/** One thing that happened. */
export interface StoryEvent {
  readonly at: Date;
  readonly kind: StoryKind;
  /** What it happened to: `refund/…`; a webhook's is `webhook/…`. */
  readonly subject: string;
  readonly text: string;
  readonly money: Money | null;
  /** Who, where it was a person: a user's id. */
  readonly by: string | null;
  /** JSON for whoever wants to know more: a webhook's body with personal data masked, postings, before and after. */
  readonly detail: unknown;
}

/** A row as it stands now. */
export interface StoryRow {
  readonly kind: StoryKind;
  readonly subject: string;
  readonly status: string;
  readonly money: Money | null;
  readonly lastError: string | null;
  readonly waitingFor: string | null;
  readonly nextAttemptAt: Date | null;
  readonly retryCount: number | null;
  /** The provider's id of it. */
  readonly providerId: string | null;
  /** Of the last call to the provider, as its log shows it. */
  readonly idempotencyKey: string | null;
  readonly actions: readonly ActionAsk[];
}

export interface Story {
  /** What was asked for. */
  readonly subject: string;
  readonly orderId: string | null;
  readonly rows: readonly StoryRow[];
  /** In order of time. */
  readonly events: readonly StoryEvent[];
}
