import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compareWithProviders, openReaders, Unreachable } from '../../comparison/index.ts';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import { sellerTransfers, transferReversals } from '../../db/marketplace/transfers/schema.ts';
import { expectProvidersAgree } from '../harness/agreement.ts';
import { legacyTransfer, sentBefore } from '../harness/legacy.ts';
import { run } from '../harness/processes.ts';
import { openShop } from '../harness/shop.ts';
import { completedOrder, settledRefund } from '../harness/stories.ts';
import { World } from '../harness/world.ts';

describe('npm run audit -- --providers', () => {
  let world: World;
  let refundId: string;
  let orderId: string;
  beforeAll(async () => {
    world = await World.create();
    const shop = await openShop(world, { prices: [10_000, 3_333] });
    ({ orderId } = await completedOrder(world, shop.buyer, shop.productIds));
    ({ refundId } = await settledRefund(world, shop.buyer, orderId, { amount: 5_000 }));
  });
  afterAll(() => world.close());
  beforeEach(() => {
    world.psp.control.clearFaults();
    world.stripe.control.clearFaults();
  });

  /** As `npm run` would, against the providers that the environment names. */
  const audit = (args: readonly string[] = [], env: Record<string, string> = {}) =>
    run('ops/audit.ts', ['--providers', ...args], { ...world.env, ...env } as Record<string, string>);

  const differences = async () => {
    const { differences: found } = await compareWithProviders(world.database.db, openReaders(world.config));
    return found.examples.map(({ subject, detail }) => `${subject}: ${detail}`);
  };

  test('sound: what was compared is told, exit 0', async () => {
    const { code, stdout, stderr } = await audit();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^8 +0 violations {2}\S/m);
    expect(stdout).toContain('compared: 1 payments, 1 refunds, 2 transfers, 2 reversals');
  });

  test('a row of another amount: exit 1, with the row that differs', async () => {
    const { db } = world.database;
    await db.update(refunds).set({ amountMinor: 4_999 }).where(eq(refunds.id, refundId));
    const { code, stdout } = await audit(['--json']);
    await db.update(refunds).set({ amountMinor: 5_000 }).where(eq(refunds.id, refundId));
    expect(code).toBe(1);
    const { invariants } = JSON.parse(stdout) as { invariants: { number: number }[] };
    expect(invariants.find(({ number }) => number === 8)).toMatchObject({
      violations: 1,
      examples: [
        {
          subject: `refund/${refundId}`,
          detail: "it is of 49.99 USD, the PSP's of 50.00 USD",
        },
      ],
    });
  });

  test('a provider that cannot be reached is no difference: exit 2', async () => {
    const { code, stdout, stderr } = await audit([], { HYPERSWITCH_BASE_URL: 'http://127.0.0.1:1' });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^the PSP could not be asked: /);
  });

  test('a wrong key: exit 2 at once', async () => {
    const { code, stderr } = await audit([], { STRIPE_SECRET_KEY: 'sk_test_wrong' });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^Stripe could not be asked: /);
  });

  test('a hiccup is asked again', async () => {
    world.psp.control.addFault({ kind: 'status', status: 503, match: 'refunds.list' });
    world.stripe.control.addFault({ kind: 'status', status: 429, match: 'transfers.list' });
    world.stripe.control.addFault({ kind: 'dropBefore', match: 'transfers.listReversals' });
    await expectProvidersAgree(world);
    world.stripe.control.addFault({ kind: 'status', status: 503, match: 'transfers.list', times: 'always' });
    await expect(differences()).rejects.toThrow(Unreachable);
  });

  test('what only a provider has', async () => {
    const stranger = world.psp.control.createExternalRefund(orderId, 7, { webhook: false });
    expect(await differences()).toEqual([
      `order/${orderId}: the PSP's refund ${stranger.refund_id} of 0.07 USD has no row of ours`,
    ]);
    world.psp.control.settleRefund(stranger.refund_id, 'failed', undefined, { webhook: false });
    expect(await differences()).toEqual([]);
  });

  test('what only we have, and what ended differently', async () => {
    const { db } = world.database;
    world.psp.control.settleRefund(refundId, 'failed', undefined, { webhook: false });
    expect(await differences()).toEqual([`refund/${refundId}: it succeeded, the PSP says failed`]);
    world.psp.control.settleRefund(refundId, 'succeeded', undefined, { webhook: false });
    const [reversal] = await world.reversalsOf(refundId);
    const stripeReversalId = reversal!.stripeReversalId!;
    await db
      .update(transferReversals)
      .set({ stripeReversalId: 'trr_nobody' })
      .where(eq(transferReversals.id, reversal!.id));
    const found = await differences();
    await db
      .update(transferReversals)
      .set({ stripeReversalId })
      .where(eq(transferReversals.id, reversal!.id));
    expect(found).toEqual([
      expect.stringMatching(`^reversal/${reversal!.id}: it took back .* Stripe lists no such reversal$`),
      expect.stringMatching(`^transfer/${reversal!.transferId}: Stripe's reversal ${stripeReversalId} of `),
    ]);
    expect(await differences()).toEqual([]);
  });

  test('what an older system sent without a transfer group is compared by its id', async () => {
    const { seller } = await openShop(world);
    const transfer = await legacyTransfer(world, seller);
    const stripeTransferId = await sentBefore(world, transfer, seller.accountId, { transfer_group: null });
    const { db } = world.database;
    const nameIt = (id: string) =>
      db.update(sellerTransfers).set({ stripeTransferId: id }).where(eq(sellerTransfers.id, transfer.id));
    await nameIt(stripeTransferId);
    expect(await differences()).toEqual([]);
    await nameIt('tr_nobody');
    expect(await differences()).toEqual([
      `transfer/${transfer.id}: Stripe has no transfer tr_nobody of this order`,
    ]);
    await nameIt(stripeTransferId);
  });

  test('a lost dispute and a payment cancelled after capture are listed, not counted', async () => {
    const { dispute_id: disputeId } = world.psp.control.openDispute(orderId, 100);
    await world.psp.control.idle();
    await world.finished(`order/${orderId}`);
    world.psp.control.closeDispute(disputeId, 'lost');
    await world.psp.control.idle();
    await world.finished(`order/${orderId}`);
    world.psp.control.cancelPostCapture(orderId);
    await world.psp.control.idle();
    await world.finished(`order/${orderId}`);
    const { listed } = await expectProvidersAgree(world);
    expect(listed.map(({ as, count }) => [as, count])).toEqual(
      expect.arrayContaining([
        ['refunds of lost disputes', 1],
        ['payments cancelled after capture', 1],
      ]),
    );
  });
});
