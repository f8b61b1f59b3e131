import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, describe, expect, it } from 'vitest';
import { openParams } from '../../db/accounts/mails/open.ts';
import { mails } from '../../db/accounts/schema.ts';
import { settleDispute } from '../../db/marketplace/disputes/settle.ts';
import { advance } from '../../db/subscriptions/advance.ts';
import { endIfPhantom } from '../../db/subscriptions/phantoms.ts';
import type { MailKind } from '../../domain/mails.ts';
import { ownDatabase } from '../marketplace/verbs.ts';
import { captured, CARD, DAY_MS, failed, subscriptionsOn, termsAt } from './paid-rows.ts';
import { addSubscription, priceOf } from './rows.ts';
import { billingOn } from './verbs.ts';

const database = await ownDatabase();
const { db, sql } = database;
const story = subscriptionsOn(database);
const billing = billingOn(database);

const told = async (userId: string, kind: MailKind) => {
  const rows = await db.select().from(mails).where(eq(mails.userId, userId)).orderBy(mails.id);
  return Promise.all(rows.filter((mail) => mail.kind === kind).map((mail) => openParams(db, mail)));
};
const later = (from: Date, ms: number) => new Date(from.getTime() + ms);

/** A renewal that was refused. */
async function refused(code: string) {
  const { id, userId } = await story.paid();
  const invoiceId = await story.renew(id);
  await story.settle(invoiceId, failed(code));
  return { id, userId, invoiceId, since: (await story.subscription(id)).dunningSince! };
}

describe('payment failed', () => {
  it('says why, and when the card is charged again', async () => {
    const { id, userId, invoiceId, since } = await refused('insufficient_funds');
    const first = {
      ...{ plan: 'Creator', invoice_id: invoiceId, amount: 999, currency: 'USD' },
      ...{ decline_code: 'insufficient_funds', next: 'charged_again' },
      next_at: later(since, DAY_MS).toISOString(),
    };
    expect(await told(userId, 'payment_failed')).toEqual([first]);
    const step = await advance(db, id, termsAt(later(since, DAY_MS + 60_000)));
    expect(step.kind).toBe('ask');
    const [, second] = await told(userId, 'payment_failed');
    expect(second).toMatchObject({ ...first, next_at: expect.any(String) as string });
    expect(Date.parse(String(second?.['next_at'])) - since.getTime()).toBeGreaterThan(DAY_MS);
  });

  it('for good: asks for another card, and says until when', async () => {
    const { id, userId, since } = await refused('lost_card');
    const asks = {
      ...{ decline_code: 'lost_card', next: 'another_card' },
      next_at: later(since, 5 * DAY_MS).toISOString(),
    };
    await advance(db, id, termsAt(later(since, DAY_MS + 60_000)));
    expect(await told(userId, 'payment_failed')).toMatchObject([asks, asks]);
  });
});

describe('changed', () => {
  it('is told of a change that comes at the period’s end, with its payment', async () => {
    const { id, userId } = await story.paid({ planId: 'premium' });
    const { id: toPriceId } = await priceOf(database, 'creator');
    await sql`INSERT INTO subscription_changes (id, subscription_id, to_price_id, quoted_at, status, created_at)
      VALUES (${uuidv7()}, ${id}, ${toPriceId}, now(), 'scheduled', now())`;
    expect(await told(userId, 'subscription_changed')).toEqual([]);
    const invoiceId = await story.renew(id, toPriceId);
    await story.settle(invoiceId, captured(999));
    expect(await told(userId, 'subscription_changed')).toMatchObject([
      { plan: 'Creator', invoice_id: invoiceId, amount: 999 },
    ]);
    await story.settle(await story.renew(id), captured(999));
    expect(await told(userId, 'subscription_changed')).toHaveLength(1);
  });

  it('a trial that becomes paid has started', async () => {
    const userId = await billing.makePerson();
    const { subscriptionId } = await billing.opened(userId, 'premium', { trial: true });
    const { trialEnd } = await billing.subscription(subscriptionId);
    await sql`UPDATE subscriptions SET payment_method_id = ${await billing.card(userId)} WHERE id = ${subscriptionId}`;
    const at = later(trialEnd!, 1_000);
    const step = await advance(db, subscriptionId, termsAt(at));
    await story.settle(step.kind === 'ask' ? step.attemptId : step.kind, captured(1_999, { card: CARD }), at);
    expect(await told(userId, 'subscription_started')).toMatchObject([{ plan: 'Premium', amount: 1_999 }]);
  });
});

describe('expired', () => {
  const phantom = async () => {
    const userId = await billing.makePerson();
    return { userId, id: await addSubscription(database, userId, 'creator') };
  };

  it('is told of a phantom that a sweep ends', async () => {
    const { id, userId } = await phantom();
    for (const _ of [1, 2])
      await endIfPhantom(db, id, { sweepId: 'phantoms/1', why: 'nobody paid' }, termsAt());
    expect(await told(userId, 'subscription_expired')).toEqual([{ plan: 'Creator', reason: 'phantom' }]);
  });

  it('who cancels a phantom is told that it is cancelled, at once', async () => {
    const { id, userId } = await phantom();
    await billing.ask(id, { do: 'cancel' });
    const [mail] = await told(userId, 'subscription_canceled');
    expect(mail).toMatchObject({ plan: 'Creator', cause: 'person' });
    expect(Date.parse(String(mail!['ends_at']))).toBeLessThanOrEqual(Date.now() + 60_000);
  });
});

it('a dispute that was won and is opened again is told of again', async () => {
  const { invoiceId, userId } = await story.paid();
  let said = Date.now();
  const dispute = (status: 'open' | 'won', stage?: 'pre_arbitration') =>
    settleDispute(
      db,
      { kind: 'invoice', id: invoiceId, paymentId: invoiceId },
      {
        ...{ providerDisputeId: `dp_${invoiceId}`, amountMinor: 999, currency: 'USD', status },
        ...(stage && { stage }),
        saidAt: new Date((said += 1_000)).toISOString(),
      },
      story.purchases(),
    );
  await dispute('open');
  await dispute('won');
  await dispute('open', 'pre_arbitration');
  expect(await told(userId, 'subscription_canceled')).toMatchObject([
    { plan: 'Creator', cause: 'dispute' },
    { plan: 'Creator', cause: 'dispute' },
  ]);
  expect(await told(userId, 'subscription_taken_back')).toMatchObject([
    { plan: 'Creator', cause: 'dispute' },
  ]);
});

afterAll(async () => {
  // Whatever wrote it, a kind has one shape, in snake_case.
  const shapes = await sql<{ kind: string; names: string[] }[]>`
    SELECT DISTINCT kind, ARRAY(SELECT jsonb_object_keys(params) ORDER BY 1) AS names FROM mails`;
  expect(new Set(shapes.map(({ kind }) => kind)).size).toBe(shapes.length);
  for (const name of shapes.flatMap(({ names }) => names)) expect(name).toMatch(/^[a-z_]+$/);
});
