import { asc, eq, inArray } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSession } from '../../db/accounts/index.ts';
import { sessions } from '../../db/accounts/sessions/schema.ts';
import { auditLog } from '../../db/kernel/schema.ts';
import { webhookEvents } from '../../db/webhooks/schema.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { makePerson, openShop, type Shop } from '../harness/shop.ts';
import { placedOrder, storedWebhook } from '../harness/stories.ts';
import { World } from '../harness/world.ts';
import { NONE, one, upkeep } from './support.ts';

const DAY_MS = 24 * 3_600_000;
const BROWSER = { ip: '203.0.113.7', userAgent: 'a browser of Ada Lovelace' } as const;

let world: World;
let shop: Shop;
beforeAll(async () => {
  world = await World.create();
  shop = await openShop(world);
});
afterAll(() => world.close());

const db = () => world.database.db;
const ago = (days: number) => new Date(Date.now() - days * DAY_MS);

describe('addresses', () => {
  const looked = async () => (await upkeep(world, shop.admin, 'addresses')).addresses;
  const entry = async (days: number): Promise<number> => {
    const said = { actor: 'system', action: 'user.login', subject: `account/${uuidv7()}` };
    const [row] = await db()
      .insert(auditLog)
      .values({ ...said, ...BROWSER, reason: 'kept', at: ago(days) })
      .returning({ id: auditLog.id });
    return row!.id;
  };
  const session = async (days: number): Promise<string> => {
    const { id: userId } = await makePerson(world, 'user');
    const opened = await openSession(db(), {
      ...{ userId, kind: 'cookie', amr: ['pwd'], ttlMs: DAY_MS, ...BROWSER },
    });
    await db()
      .update(sessions)
      .set({ createdAt: ago(days) })
      .where(eq(sessions.id, opened.session.id));
    return opened.session.id;
  };

  test('older than a year are forgotten in sessions and in the audit log, and nothing else of them is', async () => {
    const [oldSession, session_] = [await session(366), await session(364)];
    const [oldEntry, entry_] = [await entry(366), await entry(364)];
    const entries = () =>
      db()
        .select()
        .from(auditLog)
        .where(inArray(auditLog.id, [oldEntry, entry_]))
        .orderBy(asc(auditLog.at));
    const before = await entries();
    const [sessionBefore] = await db().select().from(sessions).where(eq(sessions.id, oldSession));
    const counts = { seen: 2, done: 2, left: 0, why: { sessions: 1, audit_log: 1 } };
    expect(await looked()).toEqual(counts);
    expect(await entries()).toEqual([{ ...before[0]!, ip: null, userAgent: null }, before[1]]);
    const [forgotten] = await db().select().from(sessions).where(eq(sessions.id, oldSession));
    expect(forgotten).toEqual({ ...sessionBefore!, ip: null, userAgent: null });
    const [kept] = await db().select().from(sessions).where(eq(sessions.id, session_));
    expect(kept).toMatchObject(BROWSER);
    expect(await looked()).toEqual(NONE);
  });

  test('over a hundred rows that stay do not hold up the ones behind them', async () => {
    const { sql } = world.database;
    await sql`
      INSERT INTO audit_log (actor, action, subject, ip, at)
      SELECT 'system', 'user.login', 'account/held', '203.0.113.9', now() - interval '400 days' FROM generate_series(1, 130)`;
    const behind = await entry(390);
    await db().transaction(async (tx) => {
      await tx.select().from(auditLog).where(eq(auditLog.subject, 'account/held')).for('update');
      const counts = { seen: 131, done: 1, left: 130, why: { in_use: 130, audit_log: 1 } };
      expect(await looked()).toEqual(counts);
    });
    const [row] = await db().select().from(auditLog).where(eq(auditLog.id, behind));
    expect(row).toMatchObject({ ip: null, userAgent: null });
    expect(await looked()).toMatchObject({ done: 130, left: 0 });
  });
});

describe('bodies of webhooks', () => {
  const looked = async () => (await upkeep(world, shop.admin, 'bodies')).bodies;
  const CANARY = 'Ada Lovelace';

  /** As the PSP tells that a payment has succeeded, with all that it knows of the buyer. */
  const bodyOf = (id: string, paymentId: string, amount: number) => ({
    event_id: id,
    event_type: 'payment_succeeded',
    content: {
      type: 'payment_details',
      object: {
        ...{ payment_id: paymentId, status: 'succeeded', amount, amount_received: amount, currency: 'USD' },
        ...{ description: `for ${CANARY}`, customer: { name: CANARY, email: 'ada@example.org' } },
        metadata: { note: CANARY },
      },
    },
  });
  type Set = Partial<typeof webhookEvents.$inferInsert>;
  async function stored(days: number, paymentId: string, set: Set = {}): Promise<string> {
    const id = uuidv7();
    const body = JSON.stringify(bodyOf(id, paymentId, 5_000));
    const times = { receivedAt: ago(days), processedAt: ago(days) };
    await storedWebhook(world, {
      ...{ id, eventId: id, type: 'payment_succeeded', outcome: 'signalled', body, ...times, ...set },
    });
    return id;
  }
  const rowOf = async (id: string) => {
    const [row] = await db().select().from(webhookEvents).where(eq(webhookEvents.id, id));
    return row!;
  };
  const replay = (id: string) =>
    world.post(shop.admin, `/admin/webhooks/${id}/replay`, { reason: 'to see it again' });

  test('processed 90 days ago are masked, whatever became of them; others stay as they came', async () => {
    const old = [
      await stored(91, uuidv7()),
      await stored(91, uuidv7(), { outcome: 'ignored' }),
      await stored(91, uuidv7(), { outcome: 'unhandled' }),
    ];
    const kept = [await stored(89, uuidv7()), await stored(91, uuidv7(), { processedAt: null })];
    expect(await looked()).toEqual({ seen: 3, done: 3, left: 0, why: { webhook_bodies: 3 } });
    for (const id of old) {
      const { body, bodyMaskedAt } = await rowOf(id);
      expect(body).not.toContain(CANARY);
      expect(body).not.toContain('ada@');
      expect(body).toContain(id);
      expect(bodyMaskedAt).toBeInstanceOf(Date);
    }
    for (const id of kept) expect((await rowOf(id)).body).toContain(CANARY);
    const masked = await rowOf(old[0]!);
    expect(await looked()).toEqual(NONE);
    expect(await rowOf(old[0]!)).toEqual(masked);
    const story = await world.get(shop.admin, `/admin/story?subject=webhook/${old[0]!}`);
    expect(JSON.stringify(story.body)).toContain('Of its body ids, amounts and statuses were kept.');
    // A later delivery of the same event is still known, and brings nothing back.
    const again = await world.psp.control.sendWebhook(JSON.stringify(bodyOf(old[0]!, uuidv7(), 5_000)));
    expect(again).toMatchObject({ status: 200 });
    expect(await rowOf(old[0]!)).toEqual(masked);
  });

  test('masked, then replayed: the order completes by what its webhook says', async () => {
    const orderId = await placedOrder(world, shop.buyer, shop.productIds);
    world.psp.control.pay(orderId, { webhook: false });
    const { totalMinor } = await world.order(orderId);
    const id = uuidv7();
    const body = JSON.stringify(bodyOf(id, orderId, totalMinor));
    const times = { receivedAt: ago(91), processedAt: ago(91) };
    await storedWebhook(world, {
      ...{ id, eventId: id, type: 'payment_succeeded', outcome: 'unmatched', body, ...times },
    });
    expect(await looked()).toEqual(one('done', 'webhook_bodies'));
    const replayed = await replay(id);
    expect(replayed.status, JSON.stringify(replayed.body)).toBe(200);
    expect(replayed.body['webhook']).toMatchObject({ id, outcome: 'signalled' });
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    expect((await rowOf(id)).body).not.toContain(CANARY);
    // Once more: what it says has happened.
    expect((await replay(id)).status).toBe(200);
    await world.finished(`order/${orderId}`);
    expect((await world.order(orderId)).status).toBe('completed');
    await expectCleanBooks(world);
  });

  test('over a hundred that somebody is at work on do not hold up the ones behind them', async () => {
    for (let count = 0; count < 110; count += 1) await stored(100, uuidv7(), { outcome: 'other_mode' });
    const behind = await stored(95, uuidv7());
    await db().transaction(async (tx) => {
      await tx.select().from(webhookEvents).where(eq(webhookEvents.outcome, 'other_mode')).for('update');
      const counts = { seen: 111, done: 1, left: 110, why: { in_use: 110, webhook_bodies: 1 } };
      expect(await looked()).toEqual(counts);
    });
    expect((await rowOf(behind)).bodyMaskedAt).not.toBeNull();
    expect(await looked()).toMatchObject({ done: 110, left: 0 });
    expect(await looked()).toEqual(NONE);
  });
});
