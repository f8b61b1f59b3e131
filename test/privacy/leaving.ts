import { expect } from 'vitest';
import { closeAccount, readDeletion } from '../../db/privacy/index.ts';
import { billingTermsOf } from '../../domain/subscriptions/index.ts';
import { CONFIG } from '../harness/api.ts';
import { uniqueName } from '../harness/services.ts';
import { until } from '../harness/wait.ts';
import type { World } from '../harness/world.ts';

export const TERMS = billingTermsOf(CONFIG);
export const SYSTEM = { actor: 'system' };

/** Somebody's account closes, and its workflow starts. */
export async function left(world: World, userId: string, graceMs = 1) {
  const asked = { userId, requestedBy: userId, keepPublicTracks: false, graceMs, terms: TERMS };
  const deletion = await world.database.db.transaction((tx) => closeAccount(tx, SYSTEM, asked));
  await wake(world, userId);
  return deletion;
}

export const deletionOf = async ({ database }: World, userId: string) =>
  (await readDeletion(database.db, userId))!;

/** As its workflow is woken by whoever changed something. */
export async function wake(world: World, userId: string): Promise<void> {
  const { finalAt } = await deletionOf(world, userId);
  await world.engine.startDeletion({ userId, finalAt: finalAt.toISOString() });
}

export const waitsFor = (world: World, userId: string, words: readonly string[]) =>
  until(
    () => deletionOf(world, userId),
    (row) => row.status === 'waiting' && row.waitsFor.join() === words.join(),
  );

/** What the schedules do each minute. */
export async function aMinutePasses(world: World): Promise<void> {
  for (const type of ['deletions', 'mails'] as const)
    await world.temporal.workflow.execute(type, {
      workflowId: uniqueName(type),
      taskQueue: world.config.TEMPORAL_PEOPLE_TASK_QUEUE,
      args: [{}],
    });
}

/** Its last mail goes out, and it is erased. */
export async function erased(world: World, userId: string): Promise<void> {
  await until(
    () => mailsOf(world, userId),
    (kinds) => kinds.includes('deletion_done'),
  );
  await aMinutePasses(world);
  await world.finished(`deletion/${userId}`);
  expect(await deletionOf(world, userId)).toMatchObject({ status: 'erased', waitsFor: [] });
}

export async function mailsOf({ database }: World, userId: string): Promise<string[]> {
  const rows = await database.sql<{ kind: string }[]>`
    SELECT kind FROM mails WHERE subject LIKE ${`deletion/${userId}/%`} ORDER BY created_at, id`;
  return rows.map(({ kind }) => kind);
}
