import type { Connection } from '@temporalio/client';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accountTokens } from '../../db/accounts/tokens/schema.ts';
import { readPlatformSetting } from '../../db/kernel/index.ts';
import { UPKEEP_SCHEDULE_ID } from '../../domain/upkeep/index.ts';
import { connectNow } from '../../engine/connect.ts';
import { ensureUpkeepSchedule } from '../../ops/schedules.ts';
import { setUpTemporal } from '../../ops/temporal-setup.ts';
import { runOpsHere } from '../harness/processes.ts';
import { auditLogOf, detailsOf } from '../harness/read.ts';
import { temporalAddress, uniqueName } from '../harness/services.ts';
import { makePerson } from '../harness/shop.ts';
import { eventually } from '../harness/wait.ts';
import { type Person, World } from '../harness/world.ts';
import { NONE, one, unconfirmed, upkeep } from './support.ts';

// A namespace of its own: there is one schedule in each.

const namespace = uniqueName('upkeeps');
const HOUR_MS = 3_600_000;

let connection: Connection;
let world: World;
let admin: Person;
beforeAll(async () => {
  connection = await connectNow({ TEMPORAL_ADDRESS: temporalAddress() });
  await setUpTemporal(connection, namespace);
  world = await World.create({ env: { TEMPORAL_NAMESPACE: namespace } });
  admin = await makePerson(world, 'admin');
});
afterAll(async () => {
  await world.close();
  await connection.close();
});

const taskQueue = () => world.config.TEMPORAL_PEOPLE_TASK_QUEUE;
const ensure = (everyMs: number) => ensureUpkeepSchedule(world.temporal, { taskQueue: taskQueue(), everyMs });
const schedule = () => world.temporal.schedule.getHandle(UPKEEP_SCHEDULE_ID);
const lastUpkeep = () => readPlatformSetting(world.database.db, 'last_upkeep_at');

/** Tokens that are over. */
async function tokens(count: number): Promise<void> {
  const rows = Array.from({ length: count }, () => {
    const id = uuidv7();
    const tokenHash = id.replaceAll('-', '').repeat(2);
    const over = { purpose: 'verify_email', expiresAt: new Date(0) } as const;
    return { id, userId: admin.id, tokenHash, ...over };
  });
  await world.database.db.insert(accountTokens).values(rows);
}

test('temporal:setup makes the schedule, and brings the one that is there up to date', async () => {
  expect(await ensure(HOUR_MS)).toBe('made');
  await schedule().pause('by an operator');
  expect(await ensure(2 * HOUR_MS)).toBe('updated');
  const { spec, policies, action, state } = await schedule().describe();
  expect(spec.intervals).toMatchObject([{ every: 2 * HOUR_MS }]);
  expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: HOUR_MS });
  expect(action).toMatchObject({
    workflowType: 'upkeep',
    taskQueue: taskQueue(),
    // Mails that wait have the schedule `mails`, which comes each minute.
    args: [{ phases: ['accounts', 'tokens', 'addresses', 'bodies'] }],
  });
  // What an operator paused stays paused.
  expect(state.paused).toBe(true);
  await schedule().unpause();
});

test('the schedule runs an upkeep, and the age of the last one is known', async () => {
  await unconfirmed(world);
  await tokens(1);
  expect(await lastUpkeep()).toBeNull();
  await schedule().trigger();
  const workflowId = await eventually(async () => {
    const [started] = (await schedule().describe()).info.recentActions;
    return started!.action.workflow.workflowId;
  });
  expect(workflowId).toMatch(/^upkeep-/);
  expect(await world.finished(workflowId)).toMatchObject({
    phases: { accounts: one('done', 'accounts'), tokens: one('done', 'account_tokens') },
  });
  expect(Date.now() - Date.parse((await lastUpkeep())!)).toBeLessThan(60_000);
});

test('one phase alone is no upkeep that metrics would know', async () => {
  const before = await lastUpkeep();
  expect(await upkeep(world, admin, 'tokens')).toEqual({ tokens: NONE });
  expect(await lastUpkeep()).toBe(before);
});

test('a long one continues as new, with what it has counted', async () => {
  await tokens(230);
  const workflowId = `upkeep/${uuidv7()}`;
  await world.temporal.workflow.start('upkeep', {
    ...{ workflowId, taskQueue: taskQueue(), args: [{ phases: ['tokens'], batchesPerRun: 1 }] },
  });
  const first = world.temporal.workflow.getHandle(workflowId);
  const report = await first.result();
  expect(report).toMatchObject({
    phases: { tokens: { seen: 230, done: 230, left: 0, why: { account_tokens: 230 } } },
  });
  expect(await detailsOf(world, workflowId)).toContain('**Rows looked at:** 200');
});

test('ops -- upkeep prints the report, and the audit log has it where somebody is named', async () => {
  await tokens(2);
  const line = ['upkeep', '--phase', 'tokens', '--reason', 'to be sure'];
  const asked = await runOpsHere([...line, '--json'], { ...world.env, OPS_ACTOR: admin.id });
  expect([asked.code, asked.stderr]).toEqual([0, '']);
  const printed = JSON.parse(asked.stdout) as { workflow_id: string };
  expect(printed).toMatchObject({
    report: { tokens: { seen: 2, done: 2, left: 0, why: { account_tokens: 2 } } },
  });
  expect(await auditLogOf(world, printed.workflow_id)).toMatchObject([
    { action: 'upkeep.run', actor: admin.id, reason: 'to be sure', after: { phases: ['tokens'] } },
  ]);
  await tokens(1);
  const all = await runOpsHere(['upkeep'], world.env);
  expect(all.stdout.trimEnd().split('\n')).toEqual([
    'lost_work  0 seen, 0 done, 0 left',
    'accounts   0 seen, 0 done, 0 left',
    'tokens     1 seen, 1 done, 0 left  (1 account_tokens)',
    'addresses  0 seen, 0 done, 0 left',
    'bodies     0 seen, 0 done, 0 left',
  ]);
});

test('ops -- upkeep exits 1 where a row could not be looked at, and 2 where it does not know the phase', async () => {
  const { sql } = world.database;
  await tokens(1);
  await sql`CREATE TABLE kept_tokens (token_id uuid REFERENCES account_tokens (id))`;
  await sql`INSERT INTO kept_tokens SELECT id FROM account_tokens`;
  const left = await runOpsHere(['upkeep'], world.env);
  expect([left.code, left.stdout]).toEqual([
    1,
    expect.stringContaining('tokens     1 seen, 0 done, 1 left  (1 error)'),
  ]);
  await sql`DROP TABLE kept_tokens`;
  const unknown = await runOpsHere(['upkeep', '--phase', 'minds'], world.env);
  expect([unknown.code, unknown.stderr]).toEqual([
    2,
    expect.stringContaining('--phase: expected one of lost_work, accounts, tokens'),
  ]);
});

test('nobody but an admin starts one', async () => {
  const user = await makePerson(world, 'user');
  const answer = await world.post(user, '/admin/upkeep');
  expect([answer.status, (answer.body as { code: string }).code]).toEqual([403, 'forbidden']);
});
