import { eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { users } from '../../db/accounts/schema.ts';
import { knownOf, personsAt } from '../../db/schema/personal.ts';
import { webhookEvents } from '../../db/webhooks/schema.ts';
import { everyState } from '../db/every-state.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import { placedOrder } from '../harness/stories.ts';
import { World } from '../harness/world.ts';

const CANARY = 'Ada Lovelace of St James Square';

describe('a webhook that comes once its person is being erased', () => {
  let world: World;
  let shop: Shop;
  let orderId: string;
  beforeAll(async () => {
    world = await World.create();
    shop = await openShop(world);
    orderId = await placedOrder(world, shop.buyer, shop.productIds);
    world.psp.control.pay(orderId, { webhook: false });
  });
  afterAll(() => world.close());

  async function told(paymentId: string) {
    const { totalMinor: amount } = await world.order(orderId);
    const id = uuidv7();
    const object = {
      ...{ payment_id: paymentId, status: 'succeeded', amount, amount_received: amount, currency: 'USD' },
      ...{ customer: { name: CANARY, email: 'ada@example.org' }, description: CANARY },
    };
    const body = { event_id: id, event_type: 'payment_succeeded', content: { object } };
    expect(await world.psp.control.sendWebhook(JSON.stringify(body))).toMatchObject({ status: 200 });
    const [row] = await world.database.db.select().from(webhookEvents).where(eq(webhookEvents.eventId, id));
    return row!;
  }

  test('is masked by the statement that keeps it, and does what it is for', async () => {
    const { db } = world.database;
    for (const status of ['erasing', 'erased'] as const) {
      await db.update(users).set({ status }).where(eq(users.id, shop.buyer.id));
      const row = await told(orderId);
      expect(row.outcome).toBe('signalled');
      expect(row.bodyMaskedAt).toEqual(expect.any(Date));
      expect(row.body).not.toMatch(/Ada|Square|ada@/);
      expect(row.body).toContain(orderId);
      expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    }
    await db.update(users).set({ status: 'active' }).where(eq(users.id, shop.buyer.id));
    await expectCleanBooks(world);
  });

  test('of anybody else is kept as it came', async () => {
    const row = await told(uuidv7());
    expect(row).toMatchObject({ outcome: 'unmatched', bodyMaskedAt: null });
    expect(row.body).toContain(CANARY);
  });
});

test('whatever a provider calls something of a person leads back to them', async () => {
  const { database } = await everyState();
  const { db } = database;
  const people = await db.select({ id: users.id }).from(users);
  let looked = 0;
  for (const { id } of people) {
    const { atProviders } = knownOf(sql`${id}::uuid`);
    const known = await db.execute<{ about: string }>(
      sql`SELECT DISTINCT about FROM (${atProviders}) AS known (about) WHERE about <> ''`,
    );
    for (const { about } of known) {
      const persons = await db.execute<{ id: string }>(
        sql`SELECT id FROM (${personsAt(sql`${about}::text`)}) AS persons (id)`,
      );
      expect([about, persons.map((person) => person.id)]).toEqual([about, expect.arrayContaining([id])]);
      looked += 1;
    }
  }
  expect(looked).toBeGreaterThan(5);
  expect(await db.execute(personsAt(sql`${'nothing of ours'}::text`))).toHaveLength(0);
});
