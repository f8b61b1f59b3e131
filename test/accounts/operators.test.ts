import { randomBytes } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { mails, users } from '../../db/accounts/schema.ts';
import { backupCodes, twoFactors } from '../../db/accounts/second-factor/schema.ts';
import { inviteAdmin, sealFor } from '../../db/accounts/index.ts';
import { raiseFlag } from '../../db/kernel/raise-flag.ts';
import { runOpsHere } from '../harness/processes.ts';
import { auditLogOf } from '../harness/read.ts';
import { makePerson } from '../harness/shop.ts';
import { type Person, World } from '../harness/world.ts';
import { formOf, Operator } from '../ops/console-client.ts';
import { approveAs, awaited, codeOf } from '../operators/support.ts';

let world: World;
let admin: Person;
let second: Person;
let person: Person;
beforeAll(async () => {
  world = await World.create({ worker: false });
  admin = await makePerson(world, 'admin');
  second = await makePerson(world, 'admin');
});
beforeEach(async () => {
  person = await makePerson(world, 'user');
});
afterAll(() => world.close());

const subjectOf = ({ id }: Person) => `account/${id}`;
const ask = (by: Person, action: string, on: Person, reason = 'they called') =>
  world.post(by, '/admin/actions', { action, subject: subjectOf(on), reason });
const rowOf = async ({ id }: Person) =>
  (await world.database.db.select().from(users).where(eq(users.id, id)))[0];
const actionsOf = async (on: Person) => (await auditLogOf(world, subjectOf(on))).map(({ action }) => action);
const mayRead = async (as: Person) => (await world.get(as, '/marketplace/orders')).status;

async function giveFactor({ id: userId }: Person): Promise<void> {
  await world.database.db.transaction(async (tx) => {
    const place = { table: 'two_factors', column: 'secret', rowId: userId };
    const secret = await sealFor(tx, userId, place, randomBytes(20).toString('hex'));
    await tx.insert(twoFactors).values({ userId, secret, confirmedAt: new Date(), failures: 7 });
    await tx.insert(backupCodes).values({ userId, number: 7, codeHash: 'a hash' });
  });
}

describe('what one admin does to an account', () => {
  test('disabled: the next request is refused, and so it is until it is enabled and signed in anew', async () => {
    expect(await mayRead(person)).toBe(200);
    const answer = await ask(admin, 'disable', person, 'asked by thief@evil.example');
    expect(answer.body['done']).toMatchObject({ now: { subject: subjectOf(person), status: 'disabled' } });
    expect(await mayRead(person)).toBe(401);
    const again = { ...person, token: await world.token(person.id, 'user') };
    expect(codeOf(await world.get(again, '/marketplace/orders'))).toEqual([403, 'account_disabled']);
    expect((await ask(admin, 'disable', person)).status).toBe(200);
    expect((await ask(admin, 'enable', person)).status).toBe(200);
    expect(await mayRead(again)).toBe(200);
    expect(await auditLogOf(world, subjectOf(person))).toMatchObject([
      { action: 'user.disable', actor: admin.id, reason: 'asked by ***' },
      { action: 'user.enable', actor: admin.id, reason: 'they called' },
    ]);
  });

  test('its story has its mails, and one that was given up is sent again from there', async () => {
    const id = uuidv7();
    const mail = {
      id,
      userId: person.id,
      kind: 'password_changed',
      subject: `${subjectOf(person)}/${id}`,
    } as const;
    await world.database.db.insert(mails).values({ ...mail, params: {}, status: 'given_up', attempts: 3 });
    const story = await world.get(admin, `/admin/story?subject=${encodeURIComponent(subjectOf(person))}`);
    expect(story.body.story?.rows).toMatchObject([
      { subject: subjectOf(person) },
      { subject: `mail/${id}`, status: 'given_up', actions: [{ action: 'resend' }] },
    ]);
    const reason = 'asked by thief@evil.example';
    const sent = await world.post(admin, '/admin/actions', {
      action: 'resend',
      subject: `mail/${id}`,
      reason,
    });
    expect(sent.status).toBe(200);
    expect(await auditLogOf(world, `mail/${id}`)).toMatchObject([{ reason: 'asked by ***' }]);
  });

  test('sessions ended: 401 at the next request', async () => {
    await ask(admin, 'end_sessions', person);
    expect(codeOf(await world.get(person, '/marketplace/orders'))).toEqual([401, 'session_ended']);
    expect(await actionsOf(person)).toEqual(['session.end']);
  });

  test('an address that is vouched for counts as confirmed', async () => {
    await world.database.db.update(users).set({ isVerified: false }).where(eq(users.id, person.id));
    expect((await ask(admin, 'verify_address', person)).status).toBe(200);
    expect(await rowOf(person)).toMatchObject({ isVerified: true });
    expect(await actionsOf(person)).toEqual(['user.verify_email']);
  });

  test('unblocked: wrong codes are forgotten', async () => {
    await giveFactor(person);
    expect((await ask(admin, 'unblock', person)).status).toBe(200);
    const [factor] = await world.database.db
      .select()
      .from(twoFactors)
      .where(eq(twoFactors.userId, person.id));
    expect(factor).toMatchObject({ failures: 0, blockedUntil: null });
    expect(await actionsOf(person)).toEqual(['user.unblock']);
  });

  test('nobody else may, and nobody is found by an id that nobody has', async () => {
    expect((await ask(person, 'disable', admin)).status).toBe(403);
    const nobody = { ...person, id: '019f0000-0000-7000-8000-000000000000' };
    expect(codeOf(await ask(admin, 'disable', nobody))).toEqual([404, 'user_not_found']);
  });
});

describe('what takes two admins', () => {
  test('the second factor is taken away once a second admin agrees: signed out, told by mail, codes dead', async () => {
    expect(codeOf(await ask(admin, 'reset_second_factor', person))).toEqual([409, 'two_factor_is_off']);
    await giveFactor(person);
    const approvalId = awaited(await ask(admin, 'reset_second_factor', person));
    expect(codeOf(await approveAs(world, admin, approvalId))).toEqual([403, 'second_admin_required']);
    expect((await approveAs(world, second, approvalId)).status).toBe(200);
    const { db } = world.database;
    expect(await db.select().from(twoFactors).where(eq(twoFactors.userId, person.id))).toEqual([]);
    expect(await db.select().from(backupCodes).where(eq(backupCodes.userId, person.id))).toEqual([]);
    expect(codeOf(await world.get(person, '/marketplace/orders'))).toEqual([401, 'session_ended']);
    expect(await db.select().from(mails).where(eq(mails.userId, person.id))).toMatchObject([
      { kind: 'two_factor_off', status: 'queued' },
    ]);
    expect(await actionsOf(person)).toContain('user.two_factor_off');
  });

  test('the role admin is given and taken, and counts at the next request', async () => {
    await approveAs(world, second, awaited(await ask(admin, 'give_admin', person)));
    expect((await world.get(person, '/admin/stuck')).status).toBe(200);
    await approveAs(world, second, awaited(await ask(admin, 'take_admin', person)));
    expect((await world.get(person, '/admin/stuck')).status).toBe(403);
    expect(await rowOf(person)).toMatchObject({ role: 'user' });
    expect((await actionsOf(person)).filter((action) => action === 'user.role')).toHaveLength(2);
  });

  test('addresses in reasons are masked where a second admin is asked, and in what they say', async () => {
    const reason = 'asked by thief@evil.example';
    const approvalId = awaited(await ask(admin, 'give_admin', person, reason));
    const agreed = await world.post(second, `/admin/approvals/${approvalId}/approve`, { reason });
    expect(agreed.status).toBe(200);
    const kept = await world.database.sql`
      SELECT a.reason, a.note, (SELECT jsonb_agg(l.reason) FROM audit_log l WHERE l.subject = a.subject) AS logged
      FROM approvals a WHERE id = ${approvalId}`;
    expect(kept[0]).toMatchObject({ reason: 'asked by ***', note: 'asked by ***' });
    expect(JSON.stringify(kept)).not.toContain('evil.example');
    await raiseFlag(world.database.db, 'mail_gave_up', `mail/${approvalId}`, 'for ada@people.example');
    const [flag] = await world.database
      .sql`SELECT detail FROM ops_flags WHERE subject = ${`mail/${approvalId}`}`;
    expect(flag).toEqual({ detail: 'for a***@people.example' });
  });

  test('two admins who agree to what the other asked of each other do not wait for each other', async () => {
    const [one, other] = [await makePerson(world, 'admin'), await makePerson(world, 'admin')];
    const ofOther = awaited(await ask(one, 'take_admin', other));
    const ofOne = awaited(await ask(other, 'take_admin', one));
    const answers = await Promise.all([approveAs(world, second, ofOther), approveAs(world, second, ofOne)]);
    // Whoever loses the role first has asked for nothing any more.
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
  });
});

describe('the last admin', () => {
  test('neither disables themselves nor gives the role away; of two who leave at once one stays', async () => {
    const alone = await World.create({ worker: false });
    try {
      const [one, other] = [await makePerson(alone, 'admin'), await makePerson(alone, 'admin')];
      const leave = (who: Person) =>
        alone.post(who, '/admin/actions', { action: 'disable', subject: subjectOf(who), reason: 'I leave' });
      const left = await Promise.all([leave(one), leave(other)]);
      expect(left.map(({ status }) => status).toSorted()).toEqual([200, 409]);
      const last = left[0].status === 409 ? one : other;
      const ofRole = { action: 'take_admin', subject: subjectOf(last), reason: 'I leave' };
      expect(codeOf(await alone.post(last, '/admin/actions', ofRole))).toEqual([409, 'last_admin']);
    } finally {
      await alone.close();
    }
  });
});

describe('an admin who was invited', () => {
  test('is no other admin before they have chosen a password', async () => {
    const alone = await World.create({ worker: false });
    try {
      const { db } = alone.database;
      const last = await makePerson(alone, 'admin');
      const { userId } = await inviteAdmin(
        db,
        { email: 'second@operators.example', linkOf: null },
        { actor: last.id },
      );
      const leave = async () =>
        codeOf(
          await alone.post(last, '/admin/actions', {
            ...{ action: 'disable', subject: subjectOf(last), reason: 'I leave' },
          }),
        );
      expect(await leave()).toEqual([409, 'last_admin']);
      await db.update(users).set({ passwordHash: 'a hash' }).where(eq(users.id, userId));
      expect(await leave()).toEqual([200, undefined]);
    } finally {
      await alone.close();
    }
  });
});

describe('the first admin', () => {
  const create = (email: string) => runOpsHere(['admin', 'create', '--email', email, '--json'], world.env);
  const confirm = (token: string) =>
    fetch(`${world.apiUrl}/api/v1/auth/password-reset/confirm`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, password: 'a quiet harbour at noon' }),
    });
  interface Printed {
    readonly id: string;
    readonly url: string;
    readonly token: string;
  }

  test('is made on the command line, chooses a password by the link once, and signs in to the console', async () => {
    const email = 'First@operators.example';
    const [older, newer] = [await create(email), await create(email.toLowerCase())].map(
      ({ stdout }) => JSON.parse(stdout) as Printed,
    );
    if (older === undefined || newer === undefined) throw new Error('two invitations were printed');
    expect(newer).toMatchObject({ id: older.id, url: expect.stringMatching(/\/reset-password#token=/) });
    expect(await actionsOf({ ...admin, id: older.id })).toEqual(['user.role', 'user.invite', 'user.invite']);
    const written = await world.database.db.select().from(mails).where(eq(mails.userId, older.id));
    expect(written.map(({ kind, status }) => [kind, status])).toEqual([
      ['invitation', 'queued'],
      ['invitation', 'queued'],
    ]);
    expect(JSON.stringify(written)).not.toContain(newer.token);
    expect((await confirm(older.token)).status).toBe(400);
    expect((await confirm(newer.token)).status).toBe(204);
    expect((await confirm(newer.token)).status).toBe(400);
    const operator = new Operator(world);
    const answer = await operator.signIn({ email, password: 'a quiet harbour at noon' });
    expect(answer.status).toBe(303);
    expect((await operator.get('/ops')).headers.get('location')).toBe('/ops/second-factor');
    expect(await create(email)).toMatchObject({ code: 1 });
  });

  test('no account that somebody has becomes one', async () => {
    const refused = await create(`${person.id}@veza.test`);
    expect([refused.code, refused.stdout.includes('account_exists')]).toEqual([1, true]);
    expect(await rowOf(person)).toMatchObject({ role: 'user' });
  });
});

describe('where operators find an account', () => {
  test('the console finds it by id or exact address, in a body, and its story offers what may be done', async () => {
    const operator = await Operator.signedIn(world, admin);
    const address = `${person.id.toUpperCase()}@VEZA.TEST`;
    for (const account of [person.id, address]) {
      const found = await operator.submit('/ops/accounts', { account });
      expect([found.status, found.headers.get('location')]).toEqual([303, `/ops/story/${subjectOf(person)}`]);
    }
    const nobody = await operator.submit('/ops/accounts', { account: address.slice(1) });
    expect([nobody.status, nobody.html.includes('There is no such account.')]).toEqual([404, true]);
    const { html } = await operator.get(`/ops/story/${subjectOf(person)}`);
    expect(html).toContain('Disable…');
    expect(html).toContain('A session was opened: ops.');
    expect(html.toLowerCase()).not.toContain('@veza.test');
    const page = `/ops/act?action=give_admin&subject=${subjectOf(person)}`;
    expect((await operator.get(page)).html).toContain('One admin alone cannot do this');
    const { action, fields } = formOf((await operator.get(page.replace('give_admin', 'disable'))).html);
    expect((await operator.post(action, { ...fields, reason: 'seen in the console' })).status).toBe(200);
    expect(await rowOf(person)).toMatchObject({ status: 'disabled' });
  });

  test('the command line takes an address or an id', async () => {
    const ops = (...args: string[]) => runOpsHere(args, { ...world.env, OPS_ACTOR: admin.id });
    const off = await ops('account', 'disable', `${person.id}@veza.test`, '--reason', 'they called');
    expect(off).toMatchObject({ code: 0, stdout: `${subjectOf(person)} is disabled\n` });
    const on = await ops('account', 'enable', person.id, '--reason', 'they called');
    expect(on).toMatchObject({ code: 0, stdout: `${subjectOf(person)} is active\n` });
    expect(await ops('account', 'promote', person.id, '--reason', 'x')).toMatchObject({ code: 2 });
  });
});
