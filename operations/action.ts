import type { Tx } from '../db/client.ts';
import type { Act } from '../db/kernel/index.ts';
import type { Money, SubjectKind } from '../domain/kernel/index.ts';
import type { Piece } from '../db/approvals/index.ts';
import type { OperationsDeps, OperationsSettings } from './deps.ts';

export const ACTION_NAMES = [
  'refund',
  'retry',
  'give_up',
  'settled_outside',
  'written_off',
  'book_as_made',
  'give_back',
  'mark_returned',
  'replay_webhook',
  'clear_flag',
] as const;
export type ActionName = (typeof ACTION_NAMES)[number];

/** A snapshot of a row before an action: it is shown, compared and weighed. */
export interface Standing {
  readonly status: string;
  /** The money that the action would move or decide on; null where it names none. */
  readonly money: Money | null;
}

export interface Acted<Done, Work> {
  readonly done: Done;
  /** The row that stands now: the same one, or its replacement. */
  readonly now: { readonly subject: string; readonly status: string };
  /** JSON: it is kept with answers and approvals, for further notifications. */
  readonly work: Work;
}

/** The result of notifying the engine, where there is more to say. */
export interface Outcome {
  readonly note: string;
  /** The row's status, where the notification itself changed it. */
  readonly status?: string;
}

/**
 * One thing that an operator may do to one kind of row. `snapshot` and `act` run in the given transaction, `notify`
 * after its commit. `notify` may be repeated, and finds its work done.
 */
export interface Operation<Done = unknown, Work = unknown> {
  readonly action: ActionName;
  readonly kind: SubjectKind;
  /** Locks the row and reads how it stands. Throws where there is none. */
  snapshot(tx: Tx, id: string, settings: OperationsSettings): Promise<Standing>;
  /** Throws the verb's refusal. */
  act(tx: Tx, id: string, act: Act, settings: OperationsSettings): Promise<Acted<Done, Work>>;
  /** Throws `engine_unavailable`, or the engine's refusal after a look. */
  notify(deps: OperationsDeps, work: Work): Promise<Outcome | null>;
  /** Says in a sentence what the action will do. */
  describeEffect(standing: Standing): string;
  /** Further parameters, as an approval keeps them. JSON. */
  readonly params?: unknown;
  /** The same operation with further parameters. Throws `validation_failed`. */
  askedWith?(params: unknown): Operation<Done, Work>;
}

/** The money that an action decides on, for the comparison with the threshold; empty where there is none. */
export const pieceOf = (action: ActionName, subject: string, money: Money | null): Piece[] =>
  money === null || money.amountMinor === 0 ? [] : [{ action, subject, money }];

export const moneyOf = (row: { readonly amountMinor: number; readonly currency: string }): Money => ({
  amountMinor: row.amountMinor,
  currency: row.currency,
});
