import type { Approval, Piece } from '../db/approvals/index.ts';
import type { Db, Tx } from '../db/client.ts';
import type { Act, OpsFlagRow } from '../db/kernel/index.ts';
import type { ErrorCode } from '../domain/errors.ts';
import type { FlagKind } from '../domain/flags.ts';
import type { Money } from '../domain/kernel/index.ts';
import type { OperationsDeps, OperationsSettings } from './deps.ts';
import type { ActionName, BulkAction, StoryKind } from './titles.ts';

// What operators must know of a kind of row, whatever it is of. Each subject describes its own (`operations/<subject>`), and
// `operations/index.ts` spreads them.

/** A kind of row that operators look at and act on. */
export interface RowKind {
  /** How an id of it begins: `refund/…`. */
  readonly kind: string;
  /** A workflow runs under that id. */
  readonly hasWorkflow: boolean;
  /** Its id is a person's: their row is locked first of all, with that of whoever acts. */
  readonly isOfPerson?: true;
  /** All that may ever be done to it. */
  readonly actions: readonly RowAction[];
  /** What is told of it: null where there is no such row, `instead` where another row's story is told. */
  story(db: Db, id: string): Promise<StoryPart | { readonly instead: string } | null>;
}

/** A snapshot of a row before an action: it is shown, compared and weighed. */
export interface Snapshot {
  readonly status: string;
  /** The money that the action would move or decide on; null where it names none. */
  readonly money: Money | null;
  /** As it stands, the action takes two admins, whatever it is worth. */
  readonly takesTwoAdmins?: true;
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
export interface RowAction<Done = unknown, Work = unknown> {
  readonly action: ActionName;
  readonly kind: string;
  /** It takes two admins, whatever it is worth. */
  readonly takesTwoAdmins?: true;
  /** The codes that it is refused with, besides those of any action. */
  readonly refusals: readonly ErrorCode[];
  /** Locks the row and reads how it stands. Throws where there is none. */
  snapshot(tx: Tx, id: string, settings: OperationsSettings): Promise<Snapshot>;
  /** Throws the verb's refusal. */
  act(tx: Tx, id: string, act: Act, settings: OperationsSettings): Promise<Acted<Done, Work>>;
  /** Throws `engine_unavailable`, or the engine's refusal after a look. */
  notify(deps: OperationsDeps, work: Work): Promise<Outcome | null>;
  /** Says in a sentence what the action will do. */
  describeEffect(snapshot: Snapshot): string;
  /** Further parameters, as an approval keeps them. JSON. */
  readonly params?: unknown;
  /** The same operation with further parameters. Throws `validation_failed`. */
  askedWith?(params: unknown): RowAction<Done, Work>;
}

/** An action that is asked for on one row. */
export interface ActionAsk {
  readonly action: ActionName;
  /** `reversal/…`, `flag/…`: whatever kind of row a subject describes. */
  readonly subject: string;
  /** Further parameters: an amount or items of a refund. */
  readonly params?: unknown;
}

/** A row of the list of what is stuck, as far as its kind describes it (`db/operators/work.ts` has all of it). */
export interface StuckRow {
  /** The workflow id of what it is about. */
  readonly subject: string;
  readonly id: string;
  readonly orderId: string | null;
  /** Of a flag: which. */
  readonly status: string;
  readonly waitingFor: string | null;
  readonly nextAttemptAt: Date | null;
}

/** A kind of the list of what is stuck: which rows those are, the query of the same name in `db/<subject>/work.ts` says. */
export interface StuckKind {
  /** What one is called, and many. */
  readonly one: string;
  readonly many: string;
  /** What happens next without a person, and what it waits for, in a sentence. */
  next(row: StuckRow): string;
  /** What an operator may do about the row. */
  actions(row: StuckRow): readonly ActionAsk[];
  /** What may be done to all that are listed at once. */
  readonly onMany?: readonly BulkAction[];
  /** How the row stands that is acted on, where that is not what is listed. */
  readonly snapshot?: Snapshot;
  /** Automation gave up on these, and nobody has taken them up again. */
  readonly gaveUp?: true;
  /** What it is about has a row of its own, and its money is counted there. */
  readonly isAboutOthers?: true;
  /** What people call its money under way, and how worried to be; by its status where they differ. */
  readonly money?: readonly MoneyState[];
}

export interface MoneyState {
  /** Absent: of any status that has no state of its own. */
  readonly status?: string;
  readonly name: string;
  readonly tone: 'plain' | 'busy' | 'warn' | 'bad';
}

/** What operators are told of a kind of flag, where there is more to say than that a person looks and clears it. */
export interface FlagWords {
  /** What it waits for. */
  readonly next?: string;
  /** Actions of its own that deal with it and clear it. */
  remedies?(flag: { readonly subject: string; readonly orderId: string | null }): readonly ActionAsk[];
  /** To clear it by hand would hide what is still open: what it is about clears it. */
  readonly isClearedByRows?: true;
}

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
  /** Of the workflow that carried it, where it never had one of its own. */
  readonly workflowId?: string;
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

/** What a subject tells of a row and of all that hangs together with it. Flags and audit log are told for everybody. */
export interface StoryPart {
  readonly orderId: string | null;
  /** As they stand, by the flags that were ever raised about them. */
  rows(flags: readonly OpsFlagRow[]): readonly StoryRow[];
  readonly events: readonly StoryEvent[];
  /** By which ids webhooks name what is told, and by which subjects flags and audit log do. */
  readonly about: readonly string[];
  readonly subjects: readonly string[];
  /** An id of what it belongs to, whose story is told below its own rows where that is known. */
  readonly belongsTo?: string | null;
}

/** What a subject adds to a row that a lower one describes. */
export interface Addition {
  /** Of the row. */
  readonly kind: string;
  readonly actions: readonly RowAction[];
  /** What it tells in the row's story. `mayBe`: which of its actions may be taken as the row stands. */
  story(
    db: Db,
    id: string,
  ): Promise<{
    readonly rows: readonly StoryRow[];
    readonly mayBe: (own: StoryRow) => readonly ActionName[];
  }>;
}

/** What is to be done once a second admin agrees, where it is no action on rows. */
export interface Undertaking {
  /** A token of how it stands now; locks a single row. */
  seen(tx: Tx, settings: OperationsSettings): Promise<string>;
  /** Does it, and returns what the engine has to be notified of. */
  act(tx: Tx, act: Act, settings: OperationsSettings): Promise<unknown>;
  /** More about the result, if there is more to say. */
  notify(deps: OperationsDeps, work: unknown): Promise<string | null>;
}

/** What one subject brings. */
export interface SubjectPart {
  readonly rows: readonly RowKind[];
  /** By the names that `db/<subject>/work.ts` gives its queries. */
  readonly stuck: Readonly<Record<string, StuckKind>>;
  readonly adds?: readonly Addition[];
  readonly flags?: Readonly<Partial<Record<FlagKind, FlagWords>>>;
  /** Locks rows that an action on many will lock one by one, in the order of the whole. */
  lockMany?(tx: Tx, idsOf: (kind: string) => readonly string[]): Promise<void>;
  /** What an approval of it is about; null: it is about something else. */
  undertakingOf?(approval: Approval): Undertaking | null;
}

/** The money that an action decides on, for the comparison with the threshold; empty where there is none. */
export const pieceOf = (action: ActionName, subject: string, money: Money | null): Piece[] =>
  money === null || money.amountMinor === 0 ? [] : [{ action, subject, money }];
