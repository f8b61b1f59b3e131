import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { eraseStep } from '../../activities/privacy/erase-step.ts';
import { ERASING_STEPS } from '../../domain/privacy/erasing-steps.ts';
import { failuresOf } from '../../engine/workflow-bundle.ts';
import { createLogger } from '../../log.ts';
import { storeSettingsOf } from '../../config/storage.ts';
import { createFileStore } from '../../providers/store/index.ts';
import { type RunningServer, startServer } from '../../server.ts';
import { type RunningWorker, startWorker } from '../../worker.ts';
import { addAccount, PASSWORD } from '../accounts/support.ts';
import { Visitor } from '../accounts/visitor.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { runOpsHere } from '../harness/processes.ts';
import { openShop } from '../harness/shop.ts';
import { completedOrder, settledRefund } from '../harness/stories.ts';
import { eventually } from '../harness/wait.ts';
import { World } from '../harness/world.ts';
import { beginErasing } from './erased.ts';

// Somebody whose address, name, browser and words are found nowhere else buys, is refunded and leaves. What they gave away is
// looked for by the command that operators have, in all that a run leaves behind.

const CANARY = 'kanarienvogelin';

let world: World;
let server: RunningServer;
let worker: RunningWorker;
let folder: string;
let userId: string;
const logLines: string[] = [];
const log = createLogger('trace', { write: (line: string) => void logLines.push(line) });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'veza-canary-'));
  world = await World.create({ worker: false, env: { TRUSTED_PROXIES: '127.0.0.1' } });
  server = await startServer(world.config, { log });
  world.serveFrom(server.url);
  const codePath = inject('workflowBundlePaths')[failuresOf(world.config)];
  worker = await startWorker(world.config, { log, workflowBundle: { codePath } });
});
afterAll(async () => {
  await worker.close();
  await server.close();
  await world.close();
  await rm(folder, { recursive: true });
});

/** What the command says, of the database, of this world's histories, and of the logs. */
async function find(text: string) {
  const logs = join(folder, 'logs');
  await writeFile(logs, logLines.join(''));
  const queues = Object.entries(world.env).flatMap(([name, queue]) =>
    name.endsWith('TASK_QUEUE') ? [`'${queue}'`] : [],
  );
  const query = `TaskQueue IN (${queues.join(', ')})`;
  const { code, stdout, stderr } = await runOpsHere(
    ['find-person', text, '--histories', query, '--in', logs, '--json'],
    world.env,
  );
  expect(stderr).not.toContain('Error');
  const found = JSON.parse(stdout) as {
    columns: { table: string; column: string; class: string; rows: number }[];
    histories: string[];
    lines: { file: string; line: number }[];
  };
  return { code, ...found, names: found.columns.map(({ table, column }) => `${table}.${column}`) };
}

/** A person who does what people do; each thing with the canary in it. Returns the order that they bought. */
async function live(): Promise<string> {
  const { id, email } = await addAccount(world, { email: `${CANARY}@people.example` });
  userId = id;
  const by = new Visitor(() => world.apiUrl, { ip: '203.0.113.177', browser: `${CANARY}/1.0` });
  const signedIn = await by.post('/auth/login', { email, password: PASSWORD });
  expect(signedIn.status, signedIn.text).toBe(200);
  by.token = signedIn.body.access_token;
  const made = await by.post('/me/api-keys', {
    name: `${CANARY}'s script`,
    scopes: ['read'],
    password: PASSWORD,
  });
  expect(made.status, made.text).toBe(201);
  await world.database.sql`INSERT INTO user_profiles (user_id, display_name) VALUES (${id}, ${CANARY})`;
  const shop = await openShop(world);
  const buyer = { id, role: 'user' as const, token: by.token };
  const { orderId } = await completedOrder(world, buyer, shop.productIds);
  await settledRefund(world, buyer, orderId, { reason: `${CANARY} bought the wrong one` });
  // As the PSP does where a form has such a field.
  await world.database.sql`
    UPDATE webhook_events SET body = jsonb_set(body::jsonb, '{content,object,description}', to_jsonb(${`for ${CANARY}`}::text))::text
    WHERE about = (SELECT payment_id FROM orders WHERE id = ${orderId})`;
  return orderId;
}

/** All steps of an erasing, as the workers carry them out. */
async function leave(): Promise<void> {
  const { db, sql } = world.database;
  // As the closing did.
  await sql`UPDATE api_keys SET revoked_at = now() WHERE user_id = ${userId}`;
  await sql`UPDATE sessions SET ended_at = now(), end_reason = 'by_operator' WHERE user_id = ${userId}`;
  const deletionId = await beginErasing(db, userId);
  const settings = { privacy: { erasingProviderWaitMs: 0 } };
  const store = createFileStore(storeSettingsOf(world.config));
  const deps = { db, engine: world.engine, oauth: {}, store, log, settings };
  // An attempt that fails, as while the engine still lists what it was told to delete, is followed by another.
  for (const step of ERASING_STEPS)
    await eventually(() =>
      eraseStep(deps, { deletionId, step }, { before: undefined, tell: () => undefined }),
    );
}

test('what somebody gave away is found until they are erased, and then nowhere', async () => {
  const orderId = await live();
  // Ids are in histories, so a search reads what it has to.
  await eventually(async () => expect((await find(orderId)).histories).toContain(`order/${orderId}`));
  await world.temporal.workflow.execute('mails', {
    workflowId: `mails-canary-${userId}`,
    taskQueue: world.config.TEMPORAL_PEOPLE_TASK_QUEUE,
    args: [{}],
  });
  await eventually(async () =>
    expect(await world.database.sql`SELECT 1 FROM mails WHERE status = 'queued'`).toHaveLength(0),
  );
  const before = await find(CANARY);
  expect(before.code).toBe(1);
  expect(before.names).toEqual(
    expect.arrayContaining([
      ...['api_keys.name', 'audit_log.user_agent', 'refunds.reason', 'sessions.user_agent'],
      ...['user_profiles.display_name', 'users.email', 'webhook_events.body'],
    ]),
  );
  expect(before.histories).toEqual([]);
  expect(before.lines).toEqual([]);

  await leave();

  expect(await find(CANARY)).toMatchObject({ code: 0, columns: [], histories: [], lines: [] });
  // Mails that name them went to them.
  const mails = world.smtp.control.messages();
  expect(mails.length).toBeGreaterThan(0);
  const isAbout = (mail: (typeof mails)[number]) => JSON.stringify(mail).includes(CANARY);
  expect(mails.filter(isAbout).map(({ to }) => to)).toEqual(
    mails.filter(isAbout).map(() => `${CANARY}@people.example`),
  );
  await expectCleanBooks(world);
});

test('a search says where to look, takes one text, and reads the lines of files', async () => {
  const file = join(folder, 'spool');
  await writeFile(file, `nothing\nto ${CANARY.toUpperCase()}@people.example\n`);
  const found = await runOpsHere(['find-person', CANARY, '--in', file], world.env);
  expect(found.code).toBe(1);
  expect(found.stdout).toContain(`${file}:2`);
  expect(found.stdout).toContain('Histories were not looked at');
  expect((await runOpsHere(['find-person', 'abc'], world.env)).code).toBe(2);
  expect((await runOpsHere(['find-person'], world.env)).code).toBe(2);
});
