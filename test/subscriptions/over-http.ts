import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { expect } from 'vitest';
import { subscriptions } from '../../db/subscriptions/schema.ts';
import { makePerson } from '../harness/shop.ts';
import type { Person, World } from '../harness/world.ts';
import type { subscriptionsOf } from './story.ts';

export const key = (text: string = uuidv7()) => ({ 'Idempotency-Key': text });

/** People who subscribe over HTTP. */
export function overHttp(world: World, of: ReturnType<typeof subscriptionsOf>) {
  const person = () => makePerson(world, 'user');
  const subscribe = (who: Person, planId = 'creator', more: object = {}, headers?: Record<string, string>) =>
    world.post(who, '/subscriptions/subscribe', { plan_id: planId, ...more }, headers);

  /** Somebody who has subscribed and paid. */
  async function subscriber(planId = 'creator', more: object = {}, card?: string) {
    const who = await person();
    const { body, status } = await subscribe(who, planId, more);
    expect(status).toBe(201);
    world.psp.control.pay(body.payment!.payment_id, card === undefined ? {} : { card });
    const id = body.subscription!.id;
    await of.became(id, 'active');
    return { who, id, invoiceId: body.invoice!.id };
  }

  const mine = async (who: Person) => (await world.get(who, '/me/subscription')).body;
  const rowsOf = (who: Person) =>
    world.database.db.select().from(subscriptions).where(eq(subscriptions.userId, who.id));

  return { person, subscribe, subscriber, mine, rowsOf };
}
