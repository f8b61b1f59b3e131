import { asc, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import { users } from '../../db/accounts/schema.ts';
import { auditLog } from '../../db/kernel/schema.ts';
import { addUser, type ApiWorld, bearer, CONFIG, openApi } from '../harness/api.ts';
import { ask, refusal } from './support.ts';

// The operator's identity provider keeps the accounts; admins make the rows that it does not make itself.

let world: ApiWorld;
let admin: Record<string, string>;
let adminId: string;
let second: Record<string, string>;
beforeAll(async () => {
  world = await openApi({ config: { ...CONFIG, IDENTITY: 'external' } });
  adminId = await addUser(world.database, 'admin');
  admin = await bearer({ sub: adminId });
  second = await bearer({ sub: await addUser(world.database, 'admin') });
});

const put = (id: string, body: object, headers = admin) =>
  ask(world, 'PUT', `/admin/users/${id}`, { body, headers });
const approve = (approvalId: unknown, headers: Record<string, string>) =>
  ask(world, 'POST', `/admin/approvals/${String(approvalId)}/approve`, { headers });
const awaitedIn = ({ body }: Awaited<ReturnType<typeof put>>) =>
  (body['approval'] as { readonly id: string; readonly action: string }).id;
const rowOf = async (id: string) => (await world.database.db.select().from(users).where(eq(users.id, id)))[0];
const loggedOf = async (id: string) =>
  world.database.db
    .select({
      action: auditLog.action,
      actor: auditLog.actor,
      before: auditLog.before,
      after: auditLog.after,
    })
    .from(auditLog)
    .where(eq(auditLog.subject, `account/${id}`))
    .orderBy(asc(auditLog.id));
const somebody = (set: object = {}) => {
  const id = uuidv7();
  return { id, body: { email: `${id}@people.example`, role: 'artist', is_verified: true, ...set } };
};

describe('PUT /admin/users/:id', () => {
  test('makes a row, whose person is let in by the next token', async () => {
    const { id, body } = somebody();
    const theirs = await bearer({ sub: id });
    expect((await ask(world, 'GET', '/users/me', { headers: theirs })).status).toBe(401);
    const made = await put(id, body);
    expect([made.status, made.body.user]).toMatchObject([
      201,
      { id, email: body.email, role: 'artist', is_verified: true, has_password: false },
    ]);
    expect((await ask(world, 'GET', '/users/me', { headers: theirs })).body.user).toMatchObject({ id });
    expect(await loggedOf(id)).toEqual([
      { action: 'user.register', actor: adminId, before: null, after: { role: 'artist' } },
    ]);
  });

  test('repeated, it changes nothing; at once, it makes one row', async () => {
    const { id, body } = somebody();
    const answers = await Promise.all(Array.from({ length: 4 }, () => put(id, body)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 201]);
    expect((await put(id, body)).status).toBe(200);
    expect(await loggedOf(id)).toHaveLength(1);
  });

  test('changes address, role and whether the address is confirmed, each in the audit log without the address', async () => {
    const { id, body } = somebody({ is_verified: false });
    await put(id, body);
    const other = { email: `moved-${body.email}`, role: 'label', is_verified: true };
    expect((await put(id, other)).status).toBe(200);
    expect(await rowOf(id)).toMatchObject({ email: other.email, role: 'label', isVerified: true });
    const logged = await loggedOf(id);
    expect(logged.slice(1)).toEqual([
      { action: 'user.email_change', actor: adminId, before: null, after: null },
      {
        action: 'user.verify_email',
        actor: adminId,
        before: { isVerified: false },
        after: { isVerified: true },
      },
      { action: 'user.role', actor: adminId, before: { role: 'artist' }, after: { role: 'label' } },
    ]);
    expect(JSON.stringify(logged)).not.toContain('@');
  });

  test('an address that somebody else has is refused, in whatever case, also of two at once', async () => {
    const [one, other] = [somebody(), somebody()];
    await put(one.id, one.body);
    const theirs = { ...other.body, email: one.body.email.toUpperCase() };
    expect(refusal(await put(other.id, theirs))).toEqual([409, 'account_exists']);
    expect(await rowOf(other.id)).toBeUndefined();
    await put(other.id, other.body);
    expect(refusal(await put(other.id, theirs))).toEqual([409, 'account_exists']);
    const wanted = `${uuidv7()}@people.example`;
    const both = await Promise.all([one, other].map(({ id, body }) => put(id, { ...body, email: wanted })));
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409]);
  });

  test('gives the role admin once a second admin agrees; what else was asked for counts at once', async () => {
    const { id, body } = somebody({ role: 'admin', reason: 'runs the shop' });
    const asked = await put(id, body);
    expect([asked.status, asked.body.user]).toMatchObject([202, { id, role: 'user', is_verified: true }]);
    expect(awaitedIn(await put(id, body))).toBe(awaitedIn(asked));
    expect(refusal(await approve(awaitedIn(asked), admin))).toEqual([403, 'second_admin_required']);
    expect((await approve(awaitedIn(asked), second)).status).toBe(200);
    expect(await rowOf(id)).toMatchObject({ role: 'admin' });
    const again = await put(id, body);
    expect([again.status, again.body.user['role']]).toEqual([200, 'admin']);
    const roles = (await loggedOf(id)).filter(({ action }) => action === 'user.role');
    expect(roles).toMatchObject([{ before: { role: 'user' }, after: { role: 'admin' } }]);
  });

  test('takes the role admin once a second admin agrees, and leaves the role that was asked for', async () => {
    const id = await addUser(world.database, 'admin');
    const body = { email: `${id}@people.example`, role: 'producer', is_verified: true, reason: 'has left' };
    const asked = await put(id, body);
    expect([asked.status, asked.body.user['role']]).toEqual([202, 'admin']);
    expect((await approve(awaitedIn(asked), second)).status).toBe(200);
    expect(await rowOf(id)).toMatchObject({ role: 'producer' });
    expect((await put(id, body)).status).toBe(200);
  });

  test('the role admin takes a reason and a confirmed address', async () => {
    const { id, body } = somebody({ role: 'admin' });
    expect(refusal(await put(id, body))).toEqual([422, 'validation_failed']);
    const unproved = { ...body, is_verified: false, reason: 'runs the shop' };
    expect(refusal(await put(id, unproved))).toEqual([403, 'email_not_verified']);
    expect(await rowOf(id)).toBeUndefined();
  });

  test('the last admin stays one', async () => {
    const alone = await openApi({ config: { ...CONFIG, IDENTITY: 'external' } });
    const sub = await addUser(alone.database, 'admin');
    const body = { email: `${sub}@people.example`, role: 'user', is_verified: true, reason: 'I leave' };
    const answer = await ask(alone, 'PUT', `/admin/users/${sub}`, { body, headers: await bearer({ sub }) });
    expect(refusal(answer)).toEqual([409, 'last_admin']);
  });

  test('somebody who is leaving keeps their row as it is', async () => {
    const { id, body } = somebody();
    await put(id, body);
    await world.database.db.update(users).set({ status: 'closing' }).where(eq(users.id, id));
    expect(refusal(await put(id, { ...body, role: 'label' }))).toEqual([403, 'account_closing']);
  });

  test('is not for others, and not where people register', async () => {
    const { id, body } = somebody();
    const headers = await bearer({ sub: await addUser(world.database) });
    expect(refusal(await put(id, body, headers))).toEqual([403, 'forbidden']);
    const own = await openApi({ databaseUrl: world.databaseUrl });
    const answer = await ask(own, 'PUT', `/admin/users/${id}`, { body, headers: admin });
    expect(refusal(answer)).toEqual([404, 'not_found']);
    expect(await rowOf(id)).toBeUndefined();
  });
});
