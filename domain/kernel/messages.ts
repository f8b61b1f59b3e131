import type { Refusal } from '../errors.ts';

/** An `Idempotency-Key` header, with whom and what it belongs to. */
export interface IdempotencyKey {
  /** Caller, route and subject. */
  readonly scope: string;
  readonly key: string;
  readonly bodyHash: string;
}

/** An operator's answer as it is kept under a key: what was shown, and the work that the engine was told of. JSON. */
export interface KeptAnswer {
  readonly shown: unknown;
  readonly work: unknown;
  /** What was shown is the approval that it waits for. */
  readonly awaits?: boolean;
}

export type Refused = { readonly refused: Refusal };

/**
 * What a signal says. Whoever reaches Temporal can send one, so it decides nothing (ADR 18): `webhookId` names the row of
 * `webhook_events` whose signature was verified, which the deciding activity reads anew. Without it the provider is asked.
 */
export type Hint<Report> = Report & { readonly webhookId?: string };

/**
 * By what an activity decides: what the workflow's own activities found out, or a stored webhook that a signal named; null
 * where it named none.
 */
export type Evidence<Report> = { readonly known: Report } | { readonly webhookId: string | null };

/**
 * What somebody asked of the API, as it keeps it before the engine is told (`db/kernel/keep-ask.ts`); what is asked is the
 * subject's. It never goes through the engine: whoever reaches Temporal could ask for others. JSON.
 */
export interface Ask {
  readonly kind: string;
}

/** What a transfer or a reversal came to, or when its next attempt is. */
export type Attempt<Status extends string> =
  | {
      readonly ended: true;
      readonly status: Status;
      readonly message: string | null;
      readonly retryCount: number;
      readonly idempotencyKey?: string | null;
    }
  | {
      readonly ended: false;
      readonly retryCount: number;
      readonly nextAttemptAt: string;
      readonly delayMs: number;
      readonly lastError: string | null;
      /** What it waits for without counting attempts. */
      readonly waitingFor: string | null;
      /** Of the idempotency key that the next attempt uses. */
      readonly generation: number;
      /** The key of the last call, as Stripe's log shows it. Histories from before it was shown lack it. */
      readonly idempotencyKey?: string | null;
    };

export interface AttemptRequest {
  /** Of the idempotency key that the workflow shows, from 1. It decides nothing: the row has the key, and says when it needs a new one. */
  readonly generation: number;
  /** An operator, or money that came, does not want to wait for the next due time. */
  readonly now: boolean;
}
