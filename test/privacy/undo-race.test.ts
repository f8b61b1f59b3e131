import { beforeAll, expect, test } from 'vitest';
import { closeAccount, lookAtDeletion, undoDeletion } from '../../db/privacy/index.ts';
import { billingTermsOf } from '../../domain/subscriptions/index.ts';
import { addUser, CONFIG, openApi, type ApiWorld } from '../harness/api.ts';

const terms = billingTermsOf(CONFIG);
const SYSTEM = { actor: 'system' };
const LOOK = { lookEveryMs: 1_000, hasMailServer: false };

let world: ApiWorld;
beforeAll(async () => {
  world = await openApi();
});

test('of undo and the timer exactly one wins, a hundred times', async () => {
  const { db, sql } = world.database;
  const wins = { undone: 0, erasing: 0 };
  for (let round = 0; round < 100; round += 1) {
    const userId = await addUser(world.database);
    const asked = { userId, requestedBy: userId, keepPublicTracks: false, graceMs: 0, terms };
    await db.transaction((tx) => closeAccount(tx, SYSTEM, asked));
    const undo = () =>
      db
        .transaction((tx) => undoDeletion(tx, SYSTEM, { userId, terms }))
        .then(
          () => 'undone',
          (error: { code?: string }) => error.code,
        );
    const look = () => lookAtDeletion(db, userId, LOOK).then(({ kind }) => kind);
    // Each is ahead in half of the rounds.
    const [first, second] = await Promise.all(round % 2 === 0 ? [undo(), look()] : [look(), undo()]);
    const [undone, looked] = round % 2 === 0 ? [first, second] : [second, first];
    const [user] = await sql<{ status: string }[]>`SELECT status FROM users WHERE id = ${userId}`;
    const [row] = await sql<{ status: 'undone' | 'erasing' }[]>`
      SELECT status FROM account_deletions WHERE user_id = ${userId}`;
    wins[row!.status] += 1;
    expect([undone, looked, user!.status, row!.status]).toEqual(
      row!.status === 'undone'
        ? ['undone', 'over', 'active', 'undone']
        : ['deletion_final', 'erase', 'erasing', 'erasing'],
    );
  }
  expect(wins.undone + wins.erasing).toBe(100);
});
