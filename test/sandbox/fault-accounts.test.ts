import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeMail } from '../../db/accounts/index.ts';
import { mails, users } from '../../db/accounts/schema.ts';
import { refreshTokens } from '../../db/accounts/sessions/schema.ts';
import { mailerSettingsOf } from '../../config/accounts.ts';
import { createMailer } from '../../providers/smtp/mailer.ts';
import { compareAccounts } from '../../sandbox/faults/accounts/compare.ts';
import { MEMBERS_HOST } from '../../sandbox/faults/accounts/member.ts';
import { Visitor } from '../accounts/visitor.ts';
import { World } from '../harness/world.ts';

// What the fault script finds of accounts, sessions and mails that are not as they should be.

let world: World;
beforeAll(async () => {
  world = await World.create({ worker: false });
});
afterAll(() => world.close());

const email = `ada@${MEMBERS_HOST}`;
const differences = async () => (await compareAccounts(world)).differences;

test('what differs is named: an account without a mail, a session with two ends, mails that are under way or unknown', async () => {
  const { db } = world.database;
  const ada = new Visitor(() => world.apiUrl);
  const password = 'a quiet harbour at noon';
  await ada.post('/auth/register', { email, password });
  const [, token] = world.smtp.control.messages(email)[0]!.links[0]!.split('#token=');
  await ada.post('/auth/verify-email', { token });
  const { body } = await ada.post('/auth/login', { email, password });
  await ada.post('/auth/refresh', { refresh_token: body.refresh_token });
  expect(await compareAccounts(world)).toMatchObject({ accounts: 1, sessions: 1, taken: 1, differences: [] });

  const id = uuidv7();
  await db.insert(users).values({ id, email: `ben@${MEMBERS_HOST}`, role: 'user' });
  expect(await differences()).toEqual([
    `account ben@${MEMBERS_HOST}: the mail server took no mail of its registration`,
  ]);
  await db.delete(users).where(eq(users.id, id));

  const extra = { id: uuidv7(), sessionId: body.session.id, tokenHash: 'f'.repeat(64) };
  await db.insert(refreshTokens).values(extra);
  expect(await differences()).toEqual([
    `session ${body.session.id}: 3 refresh tokens, 2 of them not used, 1 successors`,
  ]);
  await db.delete(refreshTokens).where(eq(refreshTokens.id, extra.id));

  const subject = `account/${body.user.id}/1`;
  await db.transaction((tx) =>
    writeMail(tx, { kind: 'two_factor_on', params: {}, userId: body.user.id, subject }),
  );
  const [mail] = await db.select().from(mails).where(eq(mails.subject, subject));
  expect(await differences()).toEqual([`mail ${mail!.id} (two_factor_on): still queued`]);
  await db.update(mails).set({ params: null, recipient: null }).where(eq(mails.id, mail!.id));
  await world.database.sql`UPDATE mails SET status = 'sent' WHERE id = ${mail!.id}`;
  expect(await differences()).toEqual([`mail ${mail!.id} (two_factor_on): sent, and never taken`]);

  const mailer = createMailer(mailerSettingsOf(world.config));
  const sent = { to: email, subject: 'On', text: 'It is on.', html: '<p>It is on.</p>' };
  await mailer.send({ ...sent, messageId: `<${mail!.id}@shop.example>` });
  expect(await differences()).toEqual([]);
  await mailer.send({ ...sent, messageId: `<another@shop.example>` });
  expect(await differences()).toEqual(["a mail was sent under another, which is no row's"]);
});
