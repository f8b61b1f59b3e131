import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditLog, idempotencyKeys } from '../../db/kernel/schema.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { onlyTransfer, refundsOf } from '../harness/read.ts';
import { type Catalog, makePerson, openCatalog } from '../harness/shop.ts';
import { completedOrder, paidOrder, placedOrder, settledRefund } from '../harness/stories.ts';
import type { Answer } from '../harness/answers.ts';
import { World } from '../harness/world.ts';

interface Situation {
  /** Below `/admin`. */
  readonly path: string;
  readonly body: { readonly reason: string };
  /** The workflow id of what is acted on. */
  readonly subject: string;
  /** Of what a repeat must not make again. */
  readonly rows: () => Promise<number>;
  /** How many rows there are once the call was carried out. */
  readonly after: number;
  /** The workflow that the call starts, if any. */
  readonly started?: 'transfer' | 'reversal' | 'refund';
}

/** Of the row that a call was about: each situation has a route of its own. */
const idIn = ({ body }: Answer<unknown>, field: string): string =>
  (body as Readonly<Record<string, { readonly id: string }>>)[field]!.id;

describe('an operator’s POST with an Idempotency-Key', () => {
  let world: World;
  let people: Catalog;
  beforeAll(async () => {
    world = await World.create({ env: { TRANSFER_RETRY_MAX_RETRIES: '0', REVERSAL_MAX_RETRIES: '0' } });
    people = await openCatalog(world);
  });
  // What one admin decides on within a day counts together.
  beforeEach(async () => {
    people = { ...people, admin: await makePerson(world, 'admin') };
  });
  afterEach(() => world.stripe.control.clearFaults());
  afterAll(() => world.close());

  const products = () => [people.products[2]!.id];

  async function failedTransfer(): Promise<Situation> {
    world.stripe.control.addFault({ kind: 'status', match: 'transfers.create', status: 503 });
    const orderId = await paidOrder(world, people.buyer, products());
    const { id } = await onlyTransfer(world, orderId);
    await world.finished(`transfer/${id}`);
    world.stripe.control.clearFaults();
    return {
      path: `/transfers/${id}/retry`,
      body: { reason: 'Stripe is well again' },
      subject: `transfer/${id}`,
      rows: async () => (await world.transfersOf(orderId)).length,
      after: 2,
      started: 'transfer',
    };
  }

  async function failedReversal() {
    const { orderId } = await completedOrder(world, people.buyer, products());
    world.stripe.control.addFault({
      kind: 'status',
      match: 'transfers.createReversal',
      status: 404,
      body: {
        error: { type: 'invalid_request_error', code: 'resource_missing', message: 'No such transfer' },
      },
    });
    const { refundId, reversals } = await settledRefund(world, people.buyer, orderId);
    expect(reversals.map((reversal) => reversal.status)).toEqual(['permanently_failed']);
    const { id } = reversals[0]!;
    const rows = async () => (await world.reversalsOf(refundId)).length;
    return { id, subject: `reversal/${id}`, rows };
  }

  async function retriedReversal(): Promise<Situation> {
    const { id, subject, rows } = await failedReversal();
    const body = { reason: 'Stripe knows it again' };
    return { path: `/reversals/${id}/retry`, body, subject, rows, after: 2, started: 'reversal' };
  }

  async function resolvedReversal(): Promise<Situation> {
    const { id, subject, rows } = await failedReversal();
    const body = { resolution: 'written_off', reason: 'the seller is gone' };
    return { path: `/reversals/${id}/resolve`, body, subject, rows, after: 1 };
  }

  async function returnedRefund(): Promise<Situation> {
    const { orderId } = await completedOrder(world, people.buyer, products());
    const { refundId } = await settledRefund(world, people.buyer, orderId);
    return {
      path: `/refunds/${refundId}/return`,
      body: { reason: 'the card was closed' },
      subject: `refund/${refundId}`,
      rows: async () => (await world.transfersOf(orderId)).length,
      after: 2,
    };
  }

  async function failedGiveBack(): Promise<Situation & { readonly refundId: string }> {
    const orderId = await placedOrder(world, people.buyer, products());
    world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'failed', message: 'card closed' });
    world.psp.control.pay(orderId, { amountReceivedMinor: 5_000 });
    await world.finished(`order/${orderId}`);
    const [first] = await refundsOf(world, orderId);
    await world.finished(`refund/${first!.id}`);
    return {
      path: `/orders/${orderId}/give-back`,
      body: { reason: 'new card' },
      subject: `order/${orderId}`,
      rows: async () => (await refundsOf(world, orderId)).length,
      after: 2,
      started: 'refund',
      refundId: first!.id,
    };
  }

  async function failedGiveBackByRefund(): Promise<Situation> {
    const { refundId, ...situation } = await failedGiveBack();
    return { ...situation, path: `/refunds/${refundId}/give-back` };
  }

  const asker =
    ({ path, body }: Situation, key: string) =>
    (other: object = {}) =>
      world.post(people.admin, `/admin${path}`, { ...body, ...other }, { 'idempotency-key': key });
  const actsOn = async ({ subject }: Situation) =>
    (await world.database.db.select().from(auditLog).where(eq(auditLog.subject, subject))).length;

  const SITUATIONS: readonly [string, () => Promise<Situation>][] = [
    ['retryTransfer', failedTransfer],
    ['retryReversal', retriedReversal],
    ['resolveReversal', resolvedReversal],
    ['returnRefund', returnedRefund],
    ['giveBack', failedGiveBack],
    ['giveBackAgain', failedGiveBackByRefund],
  ];

  it.each(SITUATIONS)(
    '%s: the same answer again and one effect; another body is refused',
    async (_, open) => {
      const situation = await open();
      const { rows, after, started } = situation;
      const ask = asker(situation, randomUUID());
      const first = await ask();
      expect(first.status, JSON.stringify(first.body)).toBeLessThan(300);
      const made = async () => {
        if (started) await world.finished(`${started}/${idIn(first, started)}`);
      };
      await made();
      const second = await ask();
      expect([second.status, second.body]).toEqual([first.status, first.body]);
      await made();
      expect([await rows(), await actsOn(situation)]).toEqual([after, 1]);

      const other = await ask({ reason: 'another one' });
      expect([other.status, other.body['code']]).toEqual([422, 'idempotency_key_reused']);
      // Without that key it is judged anew, and there is nothing left to do.
      const anew = await asker(situation, randomUUID())();
      expect(anew.body['code']).toMatch(/_not_(?:retryable|resolvable|returnable|refundable)$/);
      expect([await rows(), await actsOn(situation)]).toEqual([after, 1]);
      await expectCleanBooks(world);
    },
  );

  it('two at once: both hear the one answer', async () => {
    const situation = await failedGiveBack();
    const ask = asker(situation, randomUUID());
    const [one, two] = await Promise.all([ask(), ask()]);
    expect([one.status, two.status]).toEqual([202, 202]);
    expect(two.body).toEqual(one.body);
    await world.finished(`refund/${idIn(one, 'refund')}`);
    expect([await situation.rows(), await actsOn(situation)]).toEqual([situation.after, 1]);
    await expectCleanBooks(world);
  });

  it('a refusal keeps no key', async () => {
    const situation = await returnedRefund();
    const key = randomUUID();
    expect((await asker(situation, randomUUID())()).status).toBe(200);
    expect((await asker(situation, key)()).body['code']).toBe('refund_not_returnable');
    const kept = await world.database.db.select().from(idempotencyKeys).where(eq(idempotencyKeys.key, key));
    expect(kept).toEqual([]);
    const bad = await asker(situation, 'not visible')();
    expect(bad.body['code']).toBe('idempotency_key_invalid');
  });
});
