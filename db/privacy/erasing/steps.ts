import { eq } from 'drizzle-orm';
import type { ErasingStep } from '../../../domain/privacy/erasing-steps.ts';
import type { Db, Tx } from '../../client.ts';
import { IllegalMove, MissingRow, readClock } from '../../kernel/index.ts';
import { transitionDeletion } from '../deletions/transition.ts';
import { type AccountDeletion, accountDeletions, type DoneStep } from '../schema.ts';

/** Throws MissingRow. */
export async function lockDeletion(tx: Tx, deletionId: string): Promise<AccountDeletion> {
  const [deletion] = await tx
    .select()
    .from(accountDeletions)
    .where(eq(accountDeletions.id, deletionId))
    .for('no key update');
  if (deletion === undefined) throw new MissingRow('deletion', deletionId);
  return deletion;
}

/** A step that is under way. */
export interface BegunStep {
  readonly deletionId: string;
  readonly userId: string;
  /** Since its first attempt began. */
  readonly ageMs: number;
  /** Rows that were erased so far, by table. */
  readonly report: Readonly<Record<string, number>>;
}

/** Notes when a step began. Null: it was done before. Throws IllegalMove where nobody is being erased. */
export const beginStep = (db: Db, deletionId: string, step: ErasingStep): Promise<BegunStep | null> =>
  db.transaction(async (tx) => {
    const deletion = await lockDeletion(tx, deletionId);
    const { userId, steps, status } = deletion;
    const known: DoneStep | undefined = steps[step];
    if (status === 'erased' || (known?.doneAt ?? null) !== null) return null;
    assertErasing(deletion);
    const now = new Date(await readClock(tx));
    const begunAt = known?.begunAt ?? now.toISOString();
    if (known === undefined)
      await transitionDeletion(tx, deletion, 'erasing', {
        steps: { ...steps, [step]: { begunAt, doneAt: null, note: null } },
      });
    const ageMs = now.getTime() - Date.parse(begunAt);
    return { deletionId, userId, ageMs, report: deletion.report ?? {} };
  });

/** Notes that a step is done, and by a code what it could not do. Repeatable: the first note stays. */
export const endStep = (db: Db, deletionId: string, step: ErasingStep, note: string | null): Promise<void> =>
  db.transaction(async (tx) => {
    const deletion = await lockDeletion(tx, deletionId);
    if (deletion.status === 'erased' || (deletion.steps[step]?.doneAt ?? null) !== null) return;
    assertErasing(deletion);
    await transitionDeletion(tx, deletion, 'erasing', {
      steps: withDone(deletion, step, note, new Date(await readClock(tx))),
    });
  });

/** Keeps how many rows were erased so far, by table. */
export const noteErasedRows = (
  db: Db,
  deletionId: string,
  report: Readonly<Record<string, number>>,
): Promise<void> =>
  db.transaction(async (tx) => {
    const deletion = await lockDeletion(tx, deletionId);
    assertErasing(deletion);
    await transitionDeletion(tx, deletion, 'erasing', { report });
  });

export const withDone = (
  { steps }: Pick<AccountDeletion, 'steps'>,
  step: ErasingStep,
  note: string | null,
  now: Date,
): AccountDeletion['steps'] => ({
  ...steps,
  [step]: { begunAt: steps[step]?.begunAt ?? now.toISOString(), doneAt: now.toISOString(), note },
});

/** The machine lets a deletion go from where it waits to erasing; a step is no reason for that. Throws IllegalMove. */
export function assertErasing({ id, status }: AccountDeletion): void {
  if (status !== 'erasing') throw new IllegalMove('deletion', id, status, 'erasing');
}
