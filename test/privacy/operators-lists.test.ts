import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import type { DeletionStatus } from '../../domain/privacy/deletion-machine.ts';
import { accountDeletions, dataExports } from '../../db/privacy/schema.ts';
import { raiseFlag } from '../../db/kernel/raise-flag.ts';
import { listStuck } from '../../operations/stuck.ts';
import { readStory } from '../../operations/story.ts';
import { addUser, type ApiWorld, bearer, openApi } from '../harness/api.ts';
import { runOpsHere } from '../harness/processes.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await openApi();
});

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);

/** Somebody who leaves, and whose last day was so many hours ago. */
async function leaving(
  status: DeletionStatus,
  hours: number,
  more: Partial<typeof accountDeletions.$inferInsert> = {},
): Promise<string> {
  const userId = await addUser(world.database);
  await world.database.db.insert(accountDeletions).values({
    ...{ id: uuidv7(), userId, status, keepPublicTracks: false, requestedBy: userId },
    ...{ requestedAt: hoursAgo(hours + 720), finalAt: hoursAgo(hours), ...more },
  });
  return userId;
}

const stuckOf = async (kind: 'export' | 'deletion', olderThanMinutes = 0) =>
  listStuck(world.database, { olderThanMinutes, kinds: [kind] }, { limit: 50 });

test('an export under way is listed with its retries, its last error and its next attempt', async () => {
  const userId = await addUser(world.database);
  const [id, nextAttemptAt] = [uuidv7(), hoursAgo(-1)];
  await world.database.db.insert(dataExports).values({
    ...{ id, userId, status: 'building', attempt: 3, errorCode: 'ECONNREFUSED', nextAttemptAt },
    requestedAt: hoursAgo(2),
  });
  expect((await stuckOf('export', 60)).find((row) => row.id === id)).toMatchObject({
    ...{ kind: 'export', subject: `export/${id}`, status: 'building', money: null },
    ...{ retryCount: 2, lastError: 'ECONNREFUSED', nextAttemptAt },
    next: 'Its workflow makes the file again at its time, until its retries are exhausted.',
  });
  const { rows, events } = await readStory(world.database.db, id);
  expect(rows).toMatchObject([{ kind: 'export', subject: `export/${id}`, lastError: 'ECONNREFUSED' }]);
  expect(events).toMatchObject([
    { text: 'Its person asked for a copy of what is held on them.', by: userId },
  ]);
});

test('a deletion is listed from its last day on: since when, what it waits for, and what happens next', async () => {
  await leaving('scheduled', -24);
  const due = await leaving('scheduled', 1);
  const waits = await leaving('waiting', 30, {
    waitsFor: ['balance_owed', 'dispute_open'],
    waitingSince: hoursAgo(5),
  });
  const erasing = await leaving('erasing', 4, { erasingAt: hoursAgo(3) });
  await leaving('undone', 3);
  const listed = await stuckOf('deletion');
  const [first, second, third] = listed;
  expect(listed.map(({ subject }) => subject)).toEqual([waits, erasing, due].map((id) => `deletion/${id}`));
  expect(first).toMatchObject({
    ...{ status: 'waiting', waitingFor: 'balance_owed, dispute_open' },
    next: 'It waits for a debt, a dispute with a bank. Its workflow looks again every few hours, and when that has ended.',
  });
  expect(second?.next).toContain('Its steps go on');
  expect(third?.next).toContain('its workflow looks whether anything');
});

test('the story of a deletion: asked, final, waits for, hold, steps, report', async () => {
  const at = (second: number) => new Date(Date.UTC(2026, 10, 1, 12, 0, second));
  const step = (second: number, note: string | null = null) => ({
    begunAt: at(second).toISOString(),
    doneAt: at(second + 1).toISOString(),
    note,
  });
  const userId = await leaving('erased', 0, {
    ...{ keepPublicTracks: true, requestedAt: at(0), finalAt: at(1), waitingSince: at(2), heldAt: at(3) },
    ...{ paidOutAt: at(4), erasingAt: at(5), erasedAt: at(12), report: { sessions: 3, mails: 7 } },
    steps: { provider_tokens: step(6, 'provider_away'), files: step(8), rows: step(10) },
  });
  await raiseFlag(world.database.db, 'erasing_held_up', `deletion/${userId}`, 'discord was away');
  const story = await readStory(world.database.db, `deletion/${userId}`);
  expect(story.rows).toMatchObject([
    { kind: 'deletion', status: 'erased', lastError: 'provider_tokens: provider_away', actions: [] },
  ]);
  expect(story.events.filter(({ kind }) => kind === 'deletion').map(({ text }) => text)).toEqual([
    'Its person asked to leave. It is final on 2026-11-01. What they published stays.',
    'Its time had come, and something of theirs was open. It has ended.',
    'An operator held it.',
    'What was left of the balance was sent out.',
    'The erasing began. From here on there is no way back.',
    'The step provider tokens began.',
    'The step provider tokens was done, but for provider away.',
    'The step files began.',
    'The step files was done.',
    'The step rows began.',
    'The step rows was done.',
    'The person is erased.',
  ]);
  expect(story.events.find(({ text }) => text === 'The person is erased.')?.detail).toEqual({
    ...{ sessions: 3, mails: 7 },
  });
  expect(story.events.some(({ kind }) => kind === 'flag')).toBe(true);
  // Their bare id names their account.
  expect((await readStory(world.database.db, userId)).subject).toBe(`account/${userId}`);
});

test('what waits for a hold says so before its last day', async () => {
  const userId = await leaving('scheduled', -48, { heldAt: new Date() });
  const { rows } = await readStory(world.database.db, `deletion/${userId}`);
  expect(rows[0]).toMatchObject({ status: 'scheduled', waitingFor: 'hold' });
});

test('each flag about people says what to do', async () => {
  const subject = `export/${uuidv7()}`;
  for (const kind of ['export_failed', 'deletion_waits', 'erasing_held_up', 'erasure_undone'] as const) {
    await raiseFlag(world.database.db, kind, subject, 'a test');
  }
  const flags = await listStuck(world.database, { olderThanMinutes: 0, kinds: ['flag'] }, { limit: 50 });
  const about = flags.filter((row) => row.subject === subject);
  expect(about).toHaveLength(4);
  for (const { next, actions } of about) {
    expect(next).not.toContain('until a person has looked and clears it');
    expect(actions).toContainEqual({ action: 'clear_flag', subject: expect.stringMatching(/^flag\//) });
  }
});

describe('GET /admin/deletions', () => {
  interface List {
    readonly data: readonly { readonly user_id: string; readonly status: string }[];
    readonly next_cursor: string | null;
  }
  const ask = async (query: string, role: 'admin' | 'user' = 'admin') =>
    world.app.request(`/api/v1/admin/deletions${query}`, {
      headers: await bearer({ sub: role === 'admin' ? admin : await addUser(world.database) }),
    });
  let admin: string;
  beforeAll(async () => {
    admin = await addUser(world.database, 'admin');
    // What other tests left would stand between.
    await world.database.db.delete(accountDeletions);
  });

  test('an identity provider reads who was erased, in that order, page by page', async () => {
    const [first, third] = [
      await leaving('erased', 9, { erasedAt: hoursAgo(8) }),
      await leaving('erased', 7, { erasedAt: hoursAgo(1) }),
    ];
    const second = await leaving('erased', 99, { erasedAt: hoursAgo(4) });
    await leaving('waiting', 5, { waitsFor: ['hold'] });
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const answer = await ask(`?status=erased&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      expect(answer.status).toBe(200);
      const page = (await answer.json()) as List;
      seen.push(...page.data.map((row) => row.user_id));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual([third, second, first]);
  });

  test('all of a status, and what one is', async () => {
    const userId = await leaving('waiting', 5, { waitsFor: ['balance_owed'], waitingSince: hoursAgo(2) });
    const { data } = (await (await ask('?status=waiting')).json()) as List;
    expect(data.find((row) => row.user_id === userId)).toMatchObject({
      ...{ status: 'waiting', keep_public_tracks: false, requested_by: userId },
      ...{ waits_for: ['balance_owed'], held_at: null, undone_at: null, erased_at: null },
    });
    for (const { status } of data) expect(status).toBe('waiting');
    expect((await ask('?status=gone')).status).toBe(422);
    expect((await ask('', 'user')).status).toBe(403);
  });
});

describe('the command line', () => {
  const run = (...args: string[]) => runOpsHere(args, { DATABASE_URL: world.databaseUrl });

  test('lists people who leave, and exits 1 where one is held up', async () => {
    await world.database.db.delete(accountDeletions);
    const gone = await leaving('erased', 3, { erasedAt: hoursAgo(1) });
    const waits = await leaving('waiting', 3, { waitsFor: ['refund_open'] });
    const open = await run('deletions');
    expect([open.code, open.stdout]).toEqual([1, expect.stringContaining(`deletion/${waits}  waiting`)]);
    expect(open.stdout).toContain('It waits for a refund.');
    expect(open.stdout).not.toContain(gone);
    const erased = await run('deletions', '--of', 'erased', '--json');
    expect(erased.code).toBe(0);
    expect(JSON.parse(erased.stdout)).toMatchObject({ data: [{ user_id: gone, status: 'erased' }] });
    expect((await run('deletions', '--of', 'lost')).code).toBe(2);
  });

  test('lists exports, and exits 1 where one failed', async () => {
    await world.database.db.delete(dataExports);
    expect((await run('exports')).stdout.trim()).toBe('no export: open');
    const [id, userId] = [uuidv7(), await addUser(world.database)];
    await world.database.db.insert(dataExports).values({ id, userId, status: 'failed', errorCode: 'ENOSPC' });
    expect((await run('exports', '--of', 'open')).code).toBe(0);
    const failed = await run('exports', '--of', 'failed');
    expect([failed.code, failed.stdout]).toEqual([1, expect.stringContaining(`export/${id}  failed`)]);
    expect(failed.stdout).toContain('ENOSPC');
  });
});
