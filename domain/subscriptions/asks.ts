import type { Refused } from '../kernel/index.ts';

/** What an ask has done, by ids alone: it goes through histories. */
export interface AskOutcome {
  readonly subscriptionId: string;
  readonly invoiceId?: string;
  /** The attempt that the PSP is asked for, or has been asked for. */
  readonly attemptId?: string;
  /** The set-up payment by which a card is put on file. */
  readonly setupId?: string;
  readonly changeId?: string;
  /** Another subscription of this person ended for it: its workflow is woken, to end what it has at the PSP. */
  readonly replacedId?: string;
}

/** What became of an ask. `elsewhere`: another live subscription of this person does it. */
export type AskResult = Refused | { readonly elsewhere: string } | { readonly done: AskOutcome };

/**
 * How the PSP answered the payment of an ask, as far as it had when the ask was answered. The payment itself, with its
 * client secret, stands on its row.
 * - `none`: there is no payment
 * - `answered`: the row says what the PSP said
 * - `refused`: there is no payment at the PSP, and `detail` says why
 * - `unanswered`: it is asked again until it answers
 */
export type PspAnswer =
  | { readonly kind: 'none' | 'answered' | 'unanswered' }
  | { readonly kind: 'refused'; readonly detail: string };

/** The engine's answer to an ask. */
export type AskAnswer =
  | Exclude<AskResult, { readonly done: AskOutcome }>
  | { readonly done: AskOutcome; readonly psp: PspAnswer };
