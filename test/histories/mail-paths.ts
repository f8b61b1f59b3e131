import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { writeMail } from '../../db/accounts/index.ts';
import { mails } from '../../db/accounts/schema.ts';
import { makePerson } from '../harness/shop.ts';
import { until } from '../harness/wait.ts';
import type { World } from '../harness/world.ts';
import type { Played } from './played.ts';

type Fault = Parameters<World['smtp']['control']['addFault']>[0];

/** The paths of a mail, as `PATHS` has them. */
export const MAIL_PATHS: Readonly<Record<string, (world: World) => Promise<Played>>> = {
  'mail-sent': (world) => ended(world),
  'mail-retried': (world) => ended(world, { kind: 'defer', times: 2 }),
  'mail-refused': (world) => ended(world, { kind: 'refuse' }),
  'mail-given-up': (world) => ended(world, { kind: 'defer', times: 'always' }),
  'mail-waits': async (world) => {
    const { workflowId, mailId } = await begun(world, { kind: 'defer', times: 'always' });
    const read = async () =>
      (await world.database.db.select().from(mails).where(eq(mails.id, mailId))).at(0)?.attempts ?? 0;
    await until(read, (attempts) => attempts > 0);
    return { workflowId, open: async () => world.smtp.control.clearFaults() };
  },
  mails: async (world) => {
    await written(world);
    const workflowId = 'mails';
    await world.temporal.workflow.execute('mails', {
      workflowId,
      taskQueue: world.config.TEMPORAL_PEOPLE_TASK_QUEUE,
      args: [{}],
    });
    return { workflowId };
  },
};

async function written(world: World) {
  const { id: userId } = await makePerson(world, 'user');
  const subject = `subscription/${uuidv7()}`;
  const kind = 'trial_over';
  const params = { plan: 'Creator', reason: 'unpaid' } as const;
  const { db } = world.database;
  await db.transaction((tx) => writeMail(tx, { kind, params, userId, subject }));
  const [row] = await db.select().from(mails).where(eq(mails.subject, subject));
  if (row === undefined) throw new Error('no mail was written');
  return { mailId: row.id, userId, kind } as const;
}

async function begun(world: World, fault?: Fault) {
  if (fault !== undefined) world.smtp.control.addFault(fault);
  const mail = await written(world);
  await world.engine.startMail(mail);
  return { mailId: mail.mailId, workflowId: `mail/${mail.mailId}` };
}

async function ended(world: World, fault?: Fault): Promise<Played> {
  const { workflowId } = await begun(world, fault);
  await world.finished(workflowId);
  return { workflowId };
}
