import { and, eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mails } from '../../db/accounts/schema.ts';
import { makePerson } from '../harness/shop.ts';
import { type Person, World } from '../harness/world.ts';
import { giveCredentials } from '../ops/credentials.ts';
import type { AnswerBody } from './support.ts';

// What tells a person that somebody else may be in their account, from the call to the mailbox.

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterAll(() => world.close());

async function post(path: string, body: unknown, browser = 'Firefox of home') {
  const response = await fetch(`${world.apiUrl}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': browser },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as AnswerBody };
}

async function somebody() {
  const person = await makePerson(world, 'user');
  await world.database.sql`UPDATE users SET is_verified = true WHERE id = ${person.id}`;
  const { email, password } = await giveCredentials(world, person, { isTwoFactorOn: false });
  const signIn = (browser?: string) => post('/auth/login', { email, password }, browser);
  return { person, email, signIn };
}

const rowsOf = ({ id }: Person, kind: 'new_sign_in' | 'session_reuse') =>
  world.database.db
    .select()
    .from(mails)
    .where(and(eq(mails.userId, id), eq(mails.kind, kind)));

/** Sends the one mail of this kind that waits, and reads it in the mailbox. */
async function sent(
  of: { readonly person: Person; readonly email: string },
  kind: 'new_sign_in' | 'session_reuse',
) {
  const rows = await rowsOf(of.person, kind);
  expect(rows).toHaveLength(1);
  const mailId = rows[0]!.id;
  await world.engine.startMail({ mailId, userId: of.person.id, kind });
  expect(await world.finished(`mail/${mailId}`)).toEqual({ status: 'sent', code: null });
  const caught = world.smtp.control.messages(of.email);
  expect(caught).toHaveLength(1);
  return caught[0]!;
}

test('new_sign_in: a browser that was not seen before, and no other', async () => {
  const account = await somebody();
  await account.signIn();
  await account.signIn();
  expect(await rowsOf(account.person, 'new_sign_in')).toEqual([]);
  expect((await account.signIn('Chrome of a stranger')).status).toBe(200);
  const mail = await sent(account, 'new_sign_in');
  expect(mail.subject).toBe('A new sign-in to your account');
  for (const text of [mail.text, mail.html]) {
    expect(text).toContain('from a place that was not seen lately');
    expect(text).toContain('Chrome of a stranger');
  }
  expect(mail.links).toEqual(['https://shop.example/account/sessions']);
  await account.signIn('Chrome of a stranger');
  expect(await rowsOf(account.person, 'new_sign_in')).toHaveLength(1);
});

test('new_sign_in: who comes back after their old sessions were removed is told, and who is new is not', async () => {
  const account = await somebody();
  const { sql } = world.database;
  await account.signIn();
  expect(await rowsOf(account.person, 'new_sign_in')).toEqual([]);
  await sql`UPDATE users SET created_at = created_at - interval '31 days' WHERE id = ${account.person.id}`;
  await sql`DELETE FROM refresh_tokens WHERE session_id IN (SELECT id FROM sessions WHERE user_id = ${account.person.id})`;
  await sql`DELETE FROM sessions WHERE user_id = ${account.person.id}`;
  await account.signIn();
  await sent(account, 'new_sign_in');
});

test('session_reuse: a refresh token that was used before', async () => {
  const account = await somebody();
  const { body } = await account.signIn();
  const refresh = () => post('/auth/refresh', { refresh_token: body.refresh_token });
  expect((await refresh()).status).toBe(200);
  expect(await rowsOf(account.person, 'session_reuse')).toEqual([]);
  await world.database
    .sql`UPDATE refresh_tokens SET used_at = used_at - interval '11 seconds' WHERE used_at IS NOT NULL`;
  expect((await refresh()).body.code).toBe('refresh_token_reused');
  expect((await refresh()).body.code).toBe('session_ended');
  const mail = await sent(account, 'session_reuse');
  expect(mail.subject).toBe('A session was ended: its token was used twice');
  for (const text of [mail.text, mail.html]) expect(text).toContain('We ended that session');
  expect(mail.links).toEqual(['https://shop.example/account/sessions']);
});
