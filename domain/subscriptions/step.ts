import type { SubscriptionStatus } from './subscription-machine.ts';

/** What lists show of a subscription. Minor units; the time is real and ISO 8601. */
export interface ShownSubscription {
  readonly status: SubscriptionStatus | 'waiting_for_psp';
  readonly planId: string;
  readonly amountMinor: number;
  /** When the refused card is charged again; null where that is not due. */
  readonly nextAttemptAt: string | null;
  /** Steps of dunning that are done. */
  readonly retryCount: number;
  /** Another text for each period, each price, and for what is past due: a run of the workflow ends with it. */
  readonly era: string;
}

/**
 * What is to be done next for a subscription, as its rows say.
 * - `ask`: the PSP is asked for the attempt's payment
 * - `set_up`: the PSP is asked for a set-up payment
 * - `end`: nobody wants the payment any more: it is cancelled at the PSP, if that is still possible
 * - `look`: the PSP is asked how the payment stands
 * - `wait`: nothing until `delayMs` of real time is over
 * - `ended`: nothing any more
 */
export type Work =
  | { readonly kind: 'ask' | 'end' | 'look'; readonly attemptId: string }
  | { readonly kind: 'set_up'; readonly setupId: string };

export type Step =
  | (Work & { readonly shown: ShownSubscription })
  | {
      readonly kind: 'wait';
      readonly delayMs: number;
      readonly summary: string;
      readonly shown: ShownSubscription;
    }
  | { readonly kind: 'ended'; readonly shown: ShownSubscription }
  /** No row has this id: nobody opened it. */
  | { readonly kind: 'missing' };

/** What is next once an activity is done. */
export interface Done {
  readonly step: Step;
}

/** As an operator reads it by the query `state`. */
export interface SubscriptionState {
  readonly kind: Step['kind'] | 'starting';
  readonly waitsFor: string | null;
  readonly shown: ShownSubscription | null;
}
