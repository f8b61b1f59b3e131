import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { sellerBalances } from '../../db/ledger/schema.ts';
import { accountDeletions } from '../../db/privacy/schema.ts';
import { readStory } from '../../operations/story.ts';
import { addUser, type ApiWorld, bearer, bodyOf, openApi } from '../harness/api.ts';

let world: ApiWorld;
let first: string;
let second: string;
beforeAll(async () => {
  world = await openApi({ temporalAddress: inject('temporalAddress') });
  first = await addUser(world.database, 'admin');
  second = await addUser(world.database, 'admin');
});

async function send(admin: string, path: string, body: unknown) {
  const answer = await world.app.request(`/api/v1${path}`, {
    method: 'POST',
    headers: { ...(await bearer({ sub: admin })), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await bodyOf(answer)) as Record<string, never> };
}
const perform = (action: string, subject: string, reason = 'a court asks for it') =>
  send(first, '/admin/actions', { action, subject, ...(reason !== '' && { reason }) });
const approvalOf = ({ body }: Awaited<ReturnType<typeof perform>>) =>
  body['approval'] as unknown as { id: string; amount: number | null; currency: string | null };
const agree = (admin: string, { id }: { readonly id: string }) =>
  send(admin, `/admin/approvals/${id}/approve`, {});

const statusOf = async (userId: string) =>
  (await world.database.sql<{ status: string }[]>`SELECT status FROM users WHERE id = ${userId}`)[0]?.status;
const auditOf = (userId: string) =>
  world.database.sql<{ action: string; reason: string | null; actor: string }[]>`
    SELECT action, reason, actor FROM audit_log WHERE subject = ${`account/${userId}`} ORDER BY id`;
const deletionOf = async (userId: string) =>
  (await world.database.db.select().from(accountDeletions)).find((row) => row.userId === userId);
const mayBe = async (subject: string) => {
  const { rows } = await readStory(world.database.db, subject);
  return rows.find((row) => row.subject === subject)?.actions.map(({ action }) => action);
};

/** Whose account an operator closed. */
async function closed(): Promise<string> {
  const userId = await addUser(world.database);
  expect((await perform('schedule_deletion', `account/${userId}`)).status).toBe(200);
  return userId;
}

test('an admin closes an account for its person, with a reason, and undoes it', async () => {
  const userId = await addUser(world.database);
  expect((await perform('schedule_deletion', `account/${userId}`, '')).status).toBe(422);
  expect(await mayBe(`account/${userId}`)).toContain('schedule_deletion');
  const answer = await perform('schedule_deletion', `account/${userId}`);
  expect(answer.body['done']).toMatchObject({
    now: { subject: `deletion/${userId}`, status: 'scheduled' },
  });
  expect(await statusOf(userId)).toBe('closing');
  expect(await auditOf(userId)).toContainEqual({
    ...{ action: 'user.deletion_request', actor: first, reason: 'a court asks for it' },
  });
  expect(await deletionOf(userId)).toMatchObject({ requestedBy: first, keepPublicTracks: false });
  const account = await readStory(world.database.db, `account/${userId}`);
  expect(account.rows.map(({ subject }) => subject)).toContain(`deletion/${userId}`);
  expect(await mayBe(`account/${userId}`)).not.toContain('schedule_deletion');
  expect(await mayBe(`deletion/${userId}`)).toEqual(['hold_deletion', 'undo_deletion', 'erase_now']);
  expect((await perform('undo_deletion', `deletion/${userId}`)).body['done']).toMatchObject({
    now: { status: 'undone' },
  });
  expect(await statusOf(userId)).toBe('active');
  expect(await mayBe(`deletion/${userId}`)).toEqual([]);
  expect((await perform('undo_deletion', `deletion/${userId}`)).body['code']).toBe('deletion_not_found');
});

test('closing an admin takes two, and never the last one', async () => {
  const third = await addUser(world.database, 'admin');
  const subject = `account/${third}`;
  const answer = await perform('schedule_deletion', subject);
  expect(answer.status).toBe(202);
  expect(await statusOf(third)).toBe('active');
  expect((await agree(first, approvalOf(answer))).body['code']).toBe('second_admin_required');
  expect((await agree(second, approvalOf(answer))).status).toBe(200);
  expect(await statusOf(third)).toBe('closing');
});

test('hold and release: what is held says so, and a hold is not taken twice', async () => {
  const userId = await closed();
  const subject = `deletion/${userId}`;
  expect((await perform('hold_deletion', subject)).status).toBe(200);
  const heldAt = (await deletionOf(userId))?.heldAt;
  expect(heldAt).toBeInstanceOf(Date);
  expect((await perform('hold_deletion', subject)).status).toBe(200);
  expect((await deletionOf(userId))?.heldAt).toEqual(heldAt);
  expect((await readStory(world.database.db, subject)).rows[0]).toMatchObject({ waitingFor: 'hold' });
  expect(await mayBe(subject)).toEqual(['release_hold', 'undo_deletion']);
  expect((await perform('erase_now', subject)).body['code']).toBe('deletion_held');
  expect((await perform('release_hold', subject)).status).toBe(200);
  expect((await deletionOf(userId))?.heldAt).toBeNull();
  expect((await auditOf(userId)).map(({ action }) => action).filter((one) => one.includes('hold'))).toEqual([
    'user.hold',
    'user.hold_release',
  ]);
});

describe('erase now', () => {
  test('needs two, and the approval carries no amount, whatever its person has', async () => {
    const userId = await closed();
    await world.database.db.insert(sellerBalances).values({ sellerId: userId, currency: 'EUR' });
    const answer = await perform('erase_now', `deletion/${userId}`);
    expect(answer.status).toBe(202);
    expect(approvalOf(answer)).toMatchObject({ amount: null, currency: null });
    const before = (await deletionOf(userId))?.finalAt.getTime();
    expect(before).toBeGreaterThan(Date.now());
    expect((await agree(second, approvalOf(answer))).status).toBe(200);
    const after = await deletionOf(userId);
    expect(after?.finalAt.getTime()).toBeLessThan(before!);
    // The timer is skipped, and nothing else: it is erased by its workflow, once money is at rest.
    expect(after?.status).toBe('scheduled');
    expect(await auditOf(userId)).toContainEqual({
      ...{ action: 'user.erase_now', actor: first, reason: 'a court asks for it' },
    });
  });

  test('is refused where nobody leaves, and where the erasing has begun', async () => {
    const userId = await addUser(world.database);
    expect((await perform('erase_now', `deletion/${userId}`)).body['code']).toBe('deletion_not_found');
    await world.database.db.insert(accountDeletions).values({
      ...{ id: uuidv7(), userId, status: 'erasing', keepPublicTracks: false, requestedBy: userId },
      ...{ finalAt: new Date(), erasingAt: new Date() },
    });
    for (const action of ['undo_deletion', 'hold_deletion', 'erase_now'])
      expect((await perform(action, `deletion/${userId}`)).body['code']).toBe('deletion_final');
    expect(await mayBe(`deletion/${userId}`)).toEqual([]);
  });
});

test('a deletion that waits for a debt offers to end it on the balance', async () => {
  const userId = await closed();
  await world.database.sql`
    UPDATE account_deletions SET status = 'waiting', waits_for = '{balance_owed}' WHERE user_id = ${userId}`;
  const { rows } = await readStory(world.database.db, `deletion/${userId}`);
  expect(rows[0]?.actions).toEqual(
    expect.arrayContaining([
      { action: 'settled_outside', subject: `balance/${userId}` },
      { action: 'written_off', subject: `balance/${userId}` },
    ]),
  );
});
