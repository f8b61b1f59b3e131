import type { Refusal } from '../errors.ts';

/** An `Idempotency-Key` header, with the caller and the call that it belongs to. */
export interface IdempotencyKey {
  /** Caller, route and subject. */
  readonly scope: string;
  readonly key: string;
  readonly bodyHash: string;
}

/**
 * An operator's answer as it is kept under a key: what was shown, and the work that the engine was notified of. JSON.
 */
export interface KeptAnswer {
  readonly shown: unknown;
  readonly work: unknown;
  /** Whether the action waits for an approval, which is then what was shown. */
  readonly awaits?: boolean;
}

export type Refused = { readonly refused: Refusal };

/**
 * What a signal says. Anybody who reaches Temporal can send one, so a signal decides nothing (ADR 18). `webhookId`
 * names the row of `webhook_events` whose signature was verified, and the deciding activity reads that row anew.
 * Without it the activity asks the provider.
 */
export type Hint<Report> = Report & { readonly webhookId?: string };

/** A report as the engine is given it: without the provider's own words, which may name people. Who decides reads them anew. */
export type Wordless<Report extends { readonly message: string | null }> = Omit<Report, 'message'> & {
  readonly message: null;
};

/**
 * What an activity decides by: a report that the workflow's own activities found, or a stored webhook that a signal
 * named; null where the signal named none.
 */
export type Evidence<Report> = { readonly known: Report } | { readonly webhookId: string | null };

/** The type of the failure with which a run that is about to begin anew turns an update away: the next run takes it. */
export const RUN_IS_FULL = 'run_is_full';

/**
 * What somebody asked of the API, as a row keeps it before the engine is notified (`db/kernel/keep-ask.ts`). Each
 * subject adds its own fields. An ask never goes through the engine: anybody who reaches Temporal could ask in
 * another's name. JSON.
 */
export interface Ask {
  readonly kind: string;
  /** It was refused, and nobody has read that yet: whoever asks again under this id is told the same. */
  readonly refused?: Refusal;
}

/** An ask as its verb is given it, which knows the kind. */
export type KeptAsk<Asked extends Ask> = Omit<Asked, 'kind'> & Pick<Ask, 'refused'>;

/** How a transfer or a reversal ended, or when its next attempt is. */
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
      /** What the row waits for; such waits do not count as attempts. */
      readonly waitingFor: string | null;
      /** The generation of the idempotency key that the next attempt uses. */
      readonly generation: number;
      /** The key of the last call, as Stripe's log shows it. Old histories lack it. */
      readonly idempotencyKey?: string | null;
    };

export interface AttemptRequest {
  /**
   * The generation of the idempotency key that the workflow shows, from 1. It decides nothing: the row has the key,
   * and says when it needs a new one.
   */
  readonly generation: number;
  /** Whether to try now, before the next due time: an operator asked, or money came. */
  readonly now: boolean;
}
