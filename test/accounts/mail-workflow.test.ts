import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { writeMail } from '../../db/accounts/index.ts';
import { mails, users } from '../../db/accounts/schema.ts';
import { lookThrough, readableIn } from '../engine/payloads.ts';
import { flagsOf } from '../harness/read.ts';
import { makePerson } from '../harness/shop.ts';
import { eventually } from '../harness/wait.ts';
import { type Person, World } from '../harness/world.ts';

const trial = {
  kind: 'trial_started',
  params: { plan: 'Creator', ends_at: '2026-12-13T10:00:00.000Z' },
} as const;

const worlds: World[] = [];
async function open(o: Parameters<typeof World.create>[0] = {}): Promise<World> {
  const world = await World.create(o);
  worlds.push(world);
  return world;
}
afterAll(async () => {
  for (const world of worlds) await world.close();
});

const rowOf = async ({ database: { db } }: World, id: string) =>
  (await db.select().from(mails).where(eq(mails.id, id)))[0];

/** A mail that waits, and where it goes. */
async function written(world: World, o: { person?: Person; recipient?: string } = {}) {
  const { db } = world.database;
  const person = o.person ?? (await makePerson(world, 'user'));
  const subject = `subscription/${uuidv7()}`;
  const to = o.recipient === undefined ? {} : { recipient: o.recipient };
  await db.transaction((tx) => writeMail(tx, { ...trial, ...to, userId: person.id, subject }));
  const [row] = await db.select().from(mails).where(eq(mails.subject, subject));
  const [user] = await db.select().from(users).where(eq(users.id, person.id));
  const mailId = row!.id;
  const label = { mailId, userId: person.id, kind: trial.kind };
  return {
    mailId,
    person,
    email: user!.email,
    workflowId: `mail/${mailId}`,
    start: () => world.engine.startMail(label),
  };
}

const EMPTIED = { recipient: null, params: null, nextAttemptAt: null };

describe('a mail', () => {
  let world: World;
  beforeAll(async () => {
    world = await open();
  });
  afterEach(async () => {
    world.smtp.control.clearFaults();
    await world.smtp.control.comeBack();
  });

  test('is sent to the address that its person has then, and its row is emptied', async () => {
    const mail = await written(world);
    const moved = `moved-${mail.mailId}@people.example`;
    await world.database.db.update(users).set({ email: moved }).where(eq(users.id, mail.person.id));
    await mail.start();
    expect(await world.finished(mail.workflowId)).toEqual({ status: 'sent', code: null });
    const [caught, ...others] = world.smtp.control.messages(moved);
    expect(others).toEqual([]);
    expect(caught).toMatchObject({
      subject: 'Your trial of Creator has begun',
      messageId: `<${mail.mailId}@shop.example>`,
      links: ['https://shop.example/subscription'],
    });
    expect(await rowOf(world, mail.mailId)).toMatchObject({
      status: 'sent',
      attempts: 1,
      errorCode: null,
      ...EMPTIED,
    });
  });

  test('goes where it was said, when it was written', async () => {
    const recipient = `old-${uuidv7()}@people.example`;
    const mail = await written(world, { recipient });
    await mail.start();
    await world.finished(mail.workflowId);
    expect(world.smtp.control.messages(recipient)).toHaveLength(1);
    expect(world.smtp.control.messages(mail.email)).toEqual([]);
  });

  test('4xx then sent', async () => {
    const mail = await written(world);
    world.smtp.control.addFault({ kind: 'defer', to: mail.email, times: 2 });
    await mail.start();
    expect(await world.finished(mail.workflowId)).toEqual({ status: 'sent', code: null });
    expect(await rowOf(world, mail.mailId)).toMatchObject({ status: 'sent', attempts: 3, ...EMPTIED });
    expect(world.smtp.control.messages(mail.email)).toHaveLength(1);
  });

  test('5xx', async () => {
    const mail = await written(world);
    world.smtp.control.addFault({ kind: 'refuse', to: mail.email });
    await mail.start();
    expect(await world.finished(mail.workflowId)).toEqual({ status: 'refused', code: '550' });
    expect(await rowOf(world, mail.mailId)).toMatchObject({
      status: 'refused',
      errorCode: '550',
      ...EMPTIED,
    });
    expect(await flagsOf(world, mail.workflowId)).toEqual([]);
  });

  test('whose answer was lost goes again under the same Message-ID', async () => {
    const mail = await written(world);
    world.smtp.control.addFault({ kind: 'drop', keeps: true, to: mail.email });
    await mail.start();
    await world.finished(mail.workflowId);
    const ids = world.smtp.control.messages(mail.email).map(({ messageId }) => messageId);
    expect(ids).toEqual([`<${mail.mailId}@shop.example>`, `<${mail.mailId}@shop.example>`]);
  });

  test('to somebody who has left is sent to nobody', async () => {
    const mail = await written(world);
    await world.database.db.update(users).set({ status: 'erasing' }).where(eq(users.id, mail.person.id));
    await mail.start();
    expect(await world.finished(mail.workflowId)).toEqual({ status: 'refused', code: 'erased' });
    expect(world.smtp.control.messages(mail.email)).toEqual([]);
  });

  test('that nobody started is found, and one that is sent is not started again', async () => {
    const [one, other] = [await written(world), await written(world)];
    await other.start();
    await world.finished(other.workflowId);
    const workflowId = `mails-${uuidv7()}`;
    await world.temporal.workflow.execute('mails', {
      workflowId,
      taskQueue: world.config.TEMPORAL_PEOPLE_TASK_QUEUE,
      args: [{}],
    });
    expect(await world.finished(one.workflowId)).toEqual({ status: 'sent', code: null });
    expect(world.smtp.control.messages(other.email)).toHaveLength(1);
  });

  test('is known by its person in Temporal, and no address is in its history', async () => {
    const mail = await written(world, { recipient: `canary-${uuidv7()}@people.example` });
    world.smtp.control.addFault({ kind: 'defer', times: 1 });
    await mail.start();
    await world.finished(mail.workflowId);
    const history = JSON.stringify(readableIn(await lookThrough(world, mail.workflowId)));
    expect(history).not.toContain('@people.example');
    expect(history).not.toContain('Creator');
    const { searchAttributes } = await world.temporal.workflow.getHandle(mail.workflowId).describe();
    expect(searchAttributes).toMatchObject({ VezaUserId: [mail.person.id], VezaStatus: ['sent'] });
  });
});

test('given up and resent', async () => {
  const world = await open({ env: { MAIL_GIVE_UP_AFTER: '300ms' } });
  const admin = await makePerson(world, 'admin');
  await world.smtp.control.goAway();
  const mail = await written(world);
  await mail.start();
  expect(await world.finished(mail.workflowId)).toEqual({ status: 'given_up', code: 'ESOCKET' });
  expect(await rowOf(world, mail.mailId)).toMatchObject({
    status: 'given_up',
    params: expect.any(String) as string,
  });
  expect(await flagsOf(world, mail.workflowId)).toEqual(['mail_gave_up']);

  await world.smtp.control.comeBack();
  const resent = await world.post(admin, '/admin/actions', {
    action: 'resend',
    subject: mail.workflowId,
    reason: 'The mail server is back.',
  });
  expect([resent.status, JSON.stringify(resent.body)]).toEqual([200, expect.any(String)]);
  await eventually(async () => expect((await rowOf(world, mail.mailId))?.status).toBe('sent'));
  expect(world.smtp.control.messages(mail.email)).toHaveLength(1);
  expect(await flagsOf(world, mail.workflowId)).toEqual([]);
});

test('worker killed', async () => {
  const world = await open({ worker: false });
  const mail = await written(world);
  world.smtp.control.addFault({ kind: 'stall', to: mail.email });
  await world.startWorkerProcess();
  await mail.start();
  await eventually(async () => expect(world.smtp.control.greetings).toBe(1));
  await world.startWorkerProcess();
  await world.killWorkerProcess();
  expect(await world.finished(mail.workflowId)).toEqual({ status: 'sent', code: null });
  expect(world.smtp.control.messages(mail.email)).toHaveLength(1);
});
