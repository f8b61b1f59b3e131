import { assertAdmin } from '../db/accounts/index.ts';
import {
  type Approval,
  decidedWith,
  lockPendingApproval,
  type Piece,
  recordDecisions,
} from '../db/approvals/index.ts';
import type { Tx } from '../db/client.ts';
import type { Act } from '../db/kernel/index.ts';
import { largest, needsSecondAdmin } from '../domain/approvals/index.ts';
import { isFinal, VezaError } from '../domain/errors.ts';
import { type Money, parseSubject } from '../domain/kernel/index.ts';
import { reasonOf, seenToken } from './acting.ts';
import { type ApprovedList, bulkSubject } from './approved-list.ts';
import { type BulkFilter, type BulkList, type BulkRow, readBulkList } from './bulk-list.ts';
import type { OperationsDeps, OperationsSettings } from './deps.ts';
import { findAction, PARTS } from './index.ts';
import { pieceOf } from './row-kind.ts';
import { askSecondAdmin } from './second-admin.ts';
import type { BulkAction } from './titles.ts';

export interface BulkAsk {
  readonly action: BulkAction;
  readonly filter: BulkFilter;
}

export interface BulkPreview {
  readonly action: BulkAction;
  readonly count: number;
  /** More rows match: do it again afterwards. */
  readonly hasMore: boolean;
  readonly totals: readonly Money[];
  /** The sum decides, with what the admin decided within the last day, in each currency. */
  readonly needsSecondAdmin: boolean;
  readonly rows: readonly BulkRow[];
  /** Sent with the action, which is refused if the rows have changed. */
  readonly fingerprint: string;
}

/** What an action on a filtered list would take. Without an actor no earlier decisions count. */
export async function previewBulk(
  { db, settings }: OperationsDeps,
  ask: BulkAsk,
  actor: string | null,
): Promise<BulkPreview> {
  const list = await readBulkList(db, ask.action, ask.filter);
  const { rows, hasMore, totals, fingerprint } = list;
  const decided = await db.transaction((tx) =>
    decidedWith(tx, actor ?? 'system', piecesOf(ask.action, rows)),
  );
  return {
    action: ask.action,
    count: rows.length,
    hasMore,
    totals,
    needsSecondAdmin: needsSecondAdmin(decided, settings.fourEyesAboveMinor),
    rows,
    fingerprint,
  };
}

export interface BulkWork {
  readonly subject: string;
  readonly work: unknown;
}

export interface BulkDone {
  readonly count: number;
  readonly totals: readonly Money[];
  /** What the engine has to be notified of, for each row. */
  readonly work: readonly BulkWork[];
}

/**
 * Acts on every row that was shown, in the transaction that it is given: on all of them or on none. Whoever calls tells the
 * engine after the commit (`notifyBulk`). A sum above the threshold, with what the admin did within a day, waits for a second admin. Throws `list_changed` where rows, their
 * statuses or amounts are not as shown, `list_empty`, and what `assertAdmin` does.
 */
export async function decideBulk(
  tx: Tx,
  settings: OperationsSettings,
  { action, filter }: BulkAsk,
  fingerprint: string,
  act: Act,
): Promise<BulkDone | { readonly awaits: Approval }> {
  const reason = reasonOf(act);
  await assertAdmin(tx, act);
  await lockPendingApproval(tx, action, bulkSubject(fingerprint));
  const list = await readBulkList(tx, action, filter);
  if (list.rows.length === 0 && fingerprint === list.fingerprint)
    throw new VezaError('list_empty', 'No row matches.');
  refuseChanged(list, fingerprint);
  const most = largest(list.totals);
  const decided = await decidedWith(tx, act.actor, piecesOf(action, list.rows));
  if (most === null || !needsSecondAdmin(decided, settings.fourEyesAboveMinor)) {
    const { work, pieces } = await actOnEach(tx, action, list, act, settings);
    await recordDecisions(tx, act.actor, pieces);
    return { count: list.rows.length, totals: list.totals, work };
  }
  // Exactly these rows: others that match before somebody agrees were not asked for.
  const subjects = list.rows.map((row) => row.subject);
  const params: ApprovedList = { subjects, totals: list.totals };
  const subject = bulkSubject(fingerprint);
  const awaits = await askSecondAdmin(
    tx,
    { ...act, reason },
    { action, subject, params, seen: fingerprint, money: most },
    (inner) => actOnEach(inner, action, list, act, settings),
  );
  return { awaits };
}

function refuseChanged(list: BulkList, fingerprint: string): void {
  if (list.fingerprint === fingerprint) return;
  throw new VezaError('list_changed', 'Rows, statuses or amounts are not as they were shown: look again.', {
    count_now: list.rows.length,
  });
}

const piecesOf = (action: BulkAction, rows: readonly BulkRow[]): Piece[] =>
  rows.flatMap(({ subject, money }) => pieceOf(action, subject, money));

/** Each row under its lock, as it was listed. */
export async function actOnEach(
  tx: Tx,
  action: BulkAction,
  { rows, fingerprint }: BulkList,
  act: Act,
  settings: OperationsSettings,
): Promise<{ readonly work: BulkWork[]; readonly pieces: Piece[] }> {
  const done: BulkWork[] = [];
  const pieces: Piece[] = [];
  // The list is in the order of age: locks in that order would meet a settlement's locks in the opposite order.
  const idsOf = idsByKind(rows);
  for (const part of PARTS) await part.lockMany?.(tx, idsOf);
  for (const row of rows) {
    const { operation, subject } = findAction({ action, subject: row.subject });
    const standing = await operation.snapshot(tx, subject.id, settings);
    if (seenToken(standing.status, standing.money) !== seenToken(row.status, row.money)) {
      throw new VezaError('list_changed', `${row.subject} is not as it was shown: look again.`, {
        list: fingerprint,
      });
    }
    const { work, now } = await operation.act(tx, subject.id, act, settings);
    done.push({ subject: row.subject, work });
    pieces.push(...pieceOf(action, now.subject, standing.money));
  }
  return { work: done, pieces };
}

function idsByKind(rows: readonly BulkRow[]): (kind: string) => readonly string[] {
  const subjects = rows.flatMap((row) => parseSubject(row.subject) ?? []);
  return (kind) => subjects.flatMap((one) => (one.kind === kind ? [one.id] : []));
}

/** How many calls to the engine, or webhooks, run at a time. */
const TELL_AT_ONCE = 10;

/** The results for the rows of a list: how many rows have each result. */
export type Told = Readonly<Record<string, number>>;

/** Notifies the engine of each row; may be repeated. Tries all of them, then throws the error of one. */
export async function notifyBulk(
  deps: OperationsDeps,
  action: BulkAction,
  work: readonly BulkWork[],
  onProgress: (done: number) => void = () => {},
): Promise<Told> {
  const told = new Map<string, number>();
  const failures: unknown[] = [];
  const queue = [...work];
  let done = 0;
  const tellNext = async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      try {
        const { operation } = findAction({ action, subject: one.subject });
        const { note } = (await operation.notify(deps, one.work)) ?? { note: 'It is on its way.' };
        told.set(note, (told.get(note) ?? 0) + 1);
      } catch (error) {
        failures.push(error);
      }
      onProgress((done += 1));
    }
  };
  await Promise.all(Array.from({ length: TELL_AT_ONCE }, tellNext));
  // An error that may pass comes first: after a final one alone, the caller would not repeat the rest.
  if (failures.length > 0) throw failures.find((error) => !isFinal(error)) ?? failures[0];
  return Object.fromEntries(told);
}

export interface BulkPerformed {
  readonly count: number;
  readonly totals: readonly Money[];
  /** How many rows, by result. */
  readonly told: Told;
}

/** An operator acts on a filtered list, exactly as it was shown. Throws `list_changed` and `list_empty`. */
export async function performBulk(
  deps: OperationsDeps,
  ask: BulkAsk,
  fingerprint: string,
  act: Act & { readonly reason: string },
  onProgress?: (done: number) => void,
): Promise<{ readonly done: BulkPerformed } | { readonly awaitsApproval: Approval }> {
  const decided = await deps.db.transaction((tx) => decideBulk(tx, deps.settings, ask, fingerprint, act));
  if ('awaits' in decided) return { awaitsApproval: decided.awaits };
  const told = await notifyBulk(deps, ask.action, decided.work, onProgress);
  return { done: { count: decided.count, totals: decided.totals, told } };
}
