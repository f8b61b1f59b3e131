import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePerson, openShop } from '../harness/shop.ts';
import { type Person, World } from '../harness/world.ts';
import { codeOf, failedReversalIn } from './support.ts';

describe('one row’s whole story', () => {
  let world: World;
  let admin: Person;
  beforeAll(async () => {
    world = await World.create();
    admin = await makePerson(world, 'admin');
  });
  afterAll(() => world.close());

  const ask = (subject: string) => world.get(admin, `/admin/story?subject=${encodeURIComponent(subject)}`);

  it('of a refunded order: order, payment, refund, webhooks, transfers, reversals, books, audit, in order of time', async () => {
    const shop = await openShop(world);
    const failed = await failedReversalIn(world, shop);
    const { orderId, refundId, reversalId, transfer, stripeTransferId } = failed;
    await world.post(admin, `/admin/reversals/${reversalId}/resolve`, {
      resolution: 'written_off',
      reason: 'the seller is gone',
    });
    const answer = await ask(`refund/${refundId}`);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    const story = answer.body['story']!;
    expect(story).toMatchObject({ subject: `refund/${refundId}`, order_id: orderId });

    const rows = story['rows'];
    expect(rows.map((row) => [row['subject'], row['status']])).toEqual([
      [`order/${orderId}`, 'refunded'],
      [`refund/${refundId}`, 'succeeded'],
      [`transfer/${transfer.id}`, 'permanently_failed'],
      [`reversal/${reversalId}`, 'written_off'],
    ]);
    expect(rows[3]!['actions']).toEqual([{ action: 'settled_outside', subject: `reversal/${reversalId}` }]);
    // What was sent to the seller is not sent again.
    expect(rows[2]).toMatchObject({ provider_id: stripeTransferId, actions: [] });

    const events = story['events'];
    const times = events.map((event) => new Date(event['at']!).getTime());
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(new Set(events.map((event) => event['kind']))).toEqual(
      new Set(['order', 'webhook', 'refund', 'transfer', 'reversal', 'ledger', 'audit', 'flag']),
    );
    const texts = events.map((event) => event['text']);
    expect(texts).toContain('It was paid and is complete.');
    expect(texts).toContain('The refund succeeded.');
    expect(texts).toContain(`Stripe sent it as ${stripeTransferId}.`);
    expect(texts).toContain('reversal.written_off: the seller is gone');
    expect(events.find((event) => event['kind'] === 'audit')).toMatchObject({ by: admin.id });
    const webhooks = events.filter((event) => event['kind'] === 'webhook');
    expect(webhooks.some((event) => event.text.includes('refund'))).toBe(true);
    expect(JSON.stringify(webhooks)).not.toContain('@');

    // Any id of it leads to the same story.
    const webhookId = webhooks[0]!.subject.slice('webhook/'.length);
    for (const id of [
      orderId,
      refundId,
      transfer.id,
      reversalId,
      stripeTransferId,
      `reversal/${reversalId}`,
    ]) {
      const same = await ask(id);
      expect(same.body['story']!['events'], id).toEqual(events);
    }
    const ofWebhook = (await ask(webhookId)).body['story']!;
    expect(ofWebhook['events']).toEqual(events);
    expect(ofWebhook['rows']![0]).toMatchObject({ kind: 'webhook', status: 'signalled' });
  });

  it('nothing is known by an id that is not there, and only admins may ask', async () => {
    expect(codeOf(await ask(uuidv7()))).toEqual([404, 'subject_not_found']);
    expect(codeOf(await ask('tr_nobody'))).toEqual([404, 'subject_not_found']);
    expect(codeOf(await ask(`refund/${uuidv7()}`))).toEqual([404, 'subject_not_found']);
    const buyer = await makePerson(world, 'user');
    expect((await world.get(buyer, `/admin/story?subject=${uuidv7()}`)).status).toBe(403);
  });
});
