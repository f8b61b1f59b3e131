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

/** How a row stands before an action: what is shown, compared and weighed. */
export interface Standing {
  readonly status: string;
  /** What the action would move or decide on; null where it names no money. */
  readonly money: Money | null;
}

export interface Acted<Done, Work> {
  readonly done: Done;
  /** What stands now: the same row, or the one that has taken its place. */
  readonly now: { readonly subject: string; readonly status: string };
  /** JSON: it is kept with answers and approvals, and told again. */
  readonly work: Work;
}

/** What came of telling the engine, where there is more to say than that it was done. */
export interface Outcome {
  readonly note: string;
  /** Of what stands now, where the telling itself changed it. */
  readonly status?: string;
}

/**
 * One thing that an operator may do to one kind of row. `snapshot` and `act` run in the transaction that they are given,
 * `notify` after its commit: it may be repeated, and finds its work done.
 */
export interface Operation<Done = unknown, Work = unknown> {
  readonly action: ActionName;
  readonly kind: SubjectKind;
  /** Locks the row and reads how it stands. Throws where there is none. */
  snapshot(tx: Tx, id: string, settings: OperationsSettings): Promise<Standing>;
  /** Throws the verb's refusal. */
  act(tx: Tx, id: string, act: Act, settings: OperationsSettings): Promise<Acted<Done, Work>>;
  /** Throws `engine_unavailable`, and where the engine looked and refused, that refusal. */
  notify(deps: OperationsDeps, work: Work): Promise<Outcome | null>;
  /** What it will do, in a sentence. */
  describeEffect(standing: Standing): string;
  /** What more it was asked with, as an approval keeps it. JSON. */
  readonly params?: unknown;
  /** The same, asked with more. Throws `validation_failed`. */
  askedWith?(params: unknown): Operation<Done, Work>;
}

/** What is decided on by an action, as it is held against the threshold: nothing where no money is. */
export const pieceOf = (action: ActionName, subject: string, money: Money | null): Piece[] =>
  money === null || money.amountMinor === 0 ? [] : [{ action, subject, money }];

export const moneyOf = (row: { readonly amountMinor: number; readonly currency: string }): Money => ({
  amountMinor: row.amountMinor,
  currency: row.currency,
});
