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
  /** The row that it happened to: `refund/…`; for a webhook `webhook/…`. */
  readonly subject: string;
  readonly text: string;
  readonly money: Money | null;
  /** The user's id, where a person did it. */
  readonly by: string | null;
  /** JSON with more details: a webhook's body with personal data masked, postings, before and after. */
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
  /** The row's id at the provider. */
  readonly providerId: string | null;
  /** The key of the last call, as the provider's log shows it. */
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
