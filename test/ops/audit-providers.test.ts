import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compareWithProviders, openReaders, Unreachable } from '../../comparison/index.ts';
import { disputes } from '../../db/marketplace/disputes/schema.ts';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import { sellerTransfers, transferReversals } from '../../db/marketplace/transfers/schema.ts';
import { sellerPayouts } from '../../db/payouts/schema.ts';
import { type InvoicePayment, invoicePayments } from '../../db/subscriptions/invoices/schema.ts';
import { createHyperswitch } from '../../providers/hyperswitch/client.ts';
import { paidInvoice } from '../harness/attempts.ts';
import { expectProvidersAgree } from '../harness/agreement.ts';
import { legacyTransfer, sentBefore } from '../marketplace/legacy.ts';
import { earnedShop, openedPayout, payoutIs, payoutRow, type PayoutRow } from '../harness/payouts.ts';
import { run } from '../harness/processes.ts';
import { makePerson, openShop } from '../harness/shop.ts';
import { completedOrder, settledRefund, signal } from '../harness/stories.ts';
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

  describe('of attempts to pay invoices', () => {
    let userId: string;
    beforeAll(async () => {
      ({ id: userId } = await makePerson(world, 'user'));
    });

    /** An attempt that the PSP has as we do. */
    async function agreeing(): Promise<InvoicePayment> {
      const { attempt } = await paidInvoice(world.database.db, userId);
      await createHyperswitch({
        baseUrl: world.psp.url,
        apiKey: world.config.HYPERSWITCH_API_KEY,
      }).createFirstPayment({
        paymentId: attempt.id,
        customerId: userId,
        amountMinor: 999,
        currency: 'USD',
        expiresInSeconds: 900,
        idempotencyKey: attempt.id,
      });
      world.psp.control.pay(attempt.id, { webhook: false });
      return attempt;
    }

    /** What differs, and what is listed, of an attempt while its row says this. */
    async function whileIts({ id }: InvoicePayment, says: Partial<InvoicePayment> = {}) {
      const { db } = world.database;
      const ofIt = eq(invoicePayments.id, id);
      const [row] = await db.select().from(invoicePayments).where(ofIt);
      await db
        .update(invoicePayments)
        .set({ ...row, ...says })
        .where(ofIt);
      const {
        differences: found,
        listed,
        compared,
      } = await compareWithProviders(db, openReaders(world.config));
      await db.update(invoicePayments).set(row!).where(ofIt);
      expect(found.examples.filter(({ subject }) => subject !== `invoice/${id}`)).toEqual([]);
      return {
        differs: found.examples.map(({ detail }) => detail),
        listedAs: listed.filter(({ examples }) => examples.includes(`invoice/${id}`)).map(({ as }) => as),
        compared: compared.payments,
      };
    }

    test('one that is as the PSP has it is no difference', async () => {
      const attempt = await agreeing();
      const { compared, ...found } = await whileIts(attempt);
      expect(found).toEqual({ differs: [], listedAs: [] });
      expect(
        (await whileIts(attempt, { receivedMinor: null, receivedCurrency: null, status: 'pending' }))
          .compared,
      ).toBe(compared - 1);
    });

    test('another amount or currency, and money that only one side knows of', async () => {
      const attempt = await agreeing();
      expect((await whileIts(attempt, { receivedMinor: 1_999 })).differs).toEqual([
        'it took 19.99 USD, the PSP captured 9.99 USD',
      ]);
      expect((await whileIts(attempt, { receivedCurrency: 'EUR' })).differs).toEqual([
        'it took 9.99 EUR, the PSP captured 9.99 USD',
      ]);
      const nothing = { receivedMinor: null, receivedCurrency: null };
      expect((await whileIts(attempt, { ...nothing, status: 'failed' })).differs).toEqual([
        'it is failed and took nothing, the PSP captured 9.99 USD',
      ]);
      expect(await whileIts(attempt, { ...nothing, status: 'pending' })).toMatchObject({
        differs: [],
        listedAs: ['under way'],
      });
      world.psp.control.setPaymentStatus(attempt.id, 'failed', { webhook: false });
      expect((await whileIts(attempt)).differs).toEqual(['it took 9.99 USD, the PSP says failed']);
      world.psp.control.setPaymentStatus(attempt.id, 'succeeded', { webhook: false });
    });

    test('one that the PSP cannot show is listed', async () => {
      const attempt = await agreeing();
      world.psp.control.setReadable(attempt.id, false);
      expect(await whileIts(attempt)).toMatchObject({
        differs: [],
        listedAs: ['payments that cannot be read'],
      });
      world.psp.control.setReadable(attempt.id, true);
    });

    test('its refunds and disputes, each with the payment that it is of', async () => {
      const { db } = world.database;
      const attempt = await agreeing();
      const refund = world.psp.control.createExternalRefund(attempt.id, 100, { webhook: false });
      const dispute = world.psp.control.openDispute(attempt.id, 999, { webhook: false });
      expect((await whileIts(attempt)).differs).toEqual([
        `the PSP's refund ${refund.refund_id} of 1.00 USD has no row of ours`,
        `the PSP's dispute ${dispute.dispute_id} of 9.99 USD, which is dispute_opened, has no row of ours`,
      ]);
      const { id, invoiceId } = attempt;
      await db.insert(refunds).values({
        ...{ id: uuidv7(), invoiceId, amountMinor: 100, currency: 'USD', status: 'succeeded' },
        ...{ hyperswitchRefundId: refund.refund_id, succeededAt: new Date() },
      });
      await db.insert(disputes).values({
        ...{ id: uuidv7(), invoiceId, paymentId: id, amountMinor: 999, currency: 'USD', status: 'open' },
        ...{ providerDisputeId: dispute.dispute_id, openedAt: new Date() },
      });
      expect((await whileIts(attempt)).differs).toEqual([]);
      // Another attempt's refund does not stand for this one's.
      await db.update(refunds).set({ paymentId: uuidv7() }).where(eq(refunds.invoiceId, invoiceId));
      expect((await whileIts(attempt)).differs).toHaveLength(1);
      await db.update(refunds).set({ paymentId: null }).where(eq(refunds.invoiceId, invoiceId));
    });
  });

  describe('of payouts', () => {
    let paid: PayoutRow;
    let failed: PayoutRow;
    let accepted: PayoutRow;
    /** It failed before Stripe had it. */
    let unsent: PayoutRow;
    beforeAll(async () => {
      world.stripe.control.setPayoutMode('manual');
      paid = await endedAs('paid');
      failed = await endedAs('failed');
      accepted = await taken();
      const { seller } = await earnedShop(world);
      // Gone, and nobody was told.
      world.stripe.control.addFault({ kind: 'loseWebhook', match: 'account.application.deauthorized' });
      world.stripe.control.loseAccount(seller.accountId);
      const id = await openedPayout(world, seller);
      expect(await world.finished(`payout/${id}`)).toEqual({ status: 'failed' });
      world.stripe.control.regainAccount(seller.accountId);
      unsent = await payoutRow(world, id);
    });

    async function taken(): Promise<PayoutRow> {
      const { seller } = await earnedShop(world);
      const id = await openedPayout(world, seller);
      return payoutIs(world, id, (row) => row.externalPayoutId !== null);
    }

    async function endedAs(status: 'paid' | 'failed'): Promise<PayoutRow> {
      const { id, externalPayoutId } = await taken();
      world.stripe.control.settlePayout(externalPayoutId!, status);
      expect(await world.finished(`payout/${id}`)).toEqual({ status });
      return payoutRow(world, id);
    }

    /** What differs, and what is listed, of a row while it says this. */
    async function whileIts(row: PayoutRow, says: Partial<PayoutRow>) {
      const { db } = world.database;
      const ofIt = eq(sellerPayouts.id, row.id);
      await db
        .update(sellerPayouts)
        .set({ ...row, ...says })
        .where(ofIt);
      const { differences: found, listed } = await compareWithProviders(db, openReaders(world.config));
      await db.update(sellerPayouts).set(row).where(ofIt);
      expect(found.examples.filter(({ subject }) => subject !== `payout/${row.id}`)).toEqual([]);
      return {
        differs: found.examples.map(({ detail }) => detail),
        listedAs: listed.filter(({ examples }) => examples.includes(`payout/${row.id}`)).map(({ as }) => as),
      };
    }

    test('one that is as Stripe has it is no difference, in each status', async () => {
      expect([accepted.status, paid.status, failed.status, unsent.status]).toEqual([
        'pending',
        'paid',
        'failed',
        'failed',
      ]);
      expect(unsent.externalPayoutId).toBeNull();
      for (const row of [accepted, paid, failed, unsent])
        expect(await whileIts(row, {}), row.status).toEqual({ differs: [], listedAs: [] });
      expect((await audit()).stdout).toMatch(/^ +compared: .*, 3 payouts$/m);
    });

    test('another amount or currency', async () => {
      expect(await whileIts(paid, { amountMinor: 8_999 })).toEqual({
        differs: ["it is of 89.99 USD, Stripe's of 90.00 USD"],
        listedAs: [],
      });
      expect(await whileIts(accepted, { currency: 'EUR' })).toEqual({
        differs: ["it is of 90.00 EUR, Stripe's of 90.00 USD"],
        listedAs: [],
      });
    });

    test('another status, of which no webhook tells us', async () => {
      expect((await whileIts(paid, { status: 'failed' })).differs).toEqual([
        'it is failed, Stripe says paid',
      ]);
      expect((await whileIts(accepted, { status: 'paid' })).differs).toEqual([
        'it is paid, Stripe says pending',
      ]);
      expect((await whileIts(accepted, { status: 'failed' })).differs).toEqual([
        'it is failed, Stripe says pending',
      ]);
      world.stripe.control.addFault({ kind: 'loseWebhook', match: 'payout.failed' });
      world.stripe.control.settlePayout(paid.externalPayoutId!, 'failed');
      const cameBack = await whileIts(paid, {});
      expect(cameBack).toEqual({ differs: ['it is paid, Stripe says failed'], listedAs: [] });
      world.stripe.control.addFault({ kind: 'loseWebhook', match: 'payout.paid' });
      world.stripe.control.settlePayout(paid.externalPayoutId!, 'paid');
      expect(await whileIts(paid, {})).toEqual({ differs: [], listedAs: [] });
      world.stripe.control.addFault({ kind: 'loseWebhook', match: 'payout.paid' });
      const lost = await taken();
      world.stripe.control.settlePayout(lost.externalPayoutId!, 'paid');
      expect(await whileIts(lost, {})).toEqual({
        differs: ['it is pending, Stripe says paid'],
        listedAs: [],
      });
      // Its workflow asks Stripe itself.
      await signal(world, `payout/${lost.id}`, 'retryNow');
      expect(await world.finished(`payout/${lost.id}`)).toEqual({ status: 'paid' });
      expect(await whileIts(await payoutRow(world, lost.id), {})).toEqual({ differs: [], listedAs: [] });
    });

    test('another status, whose webhook has just come: listed', async () => {
      expect(await whileIts(paid, { status: 'pending' })).toEqual({ differs: [], listedAs: ['under way'] });
      const { sql } = world.database;
      await sql`UPDATE webhook_events SET processed_at = now() - interval '1 day' WHERE about = ${paid.id}`;
      expect(await whileIts(paid, { status: 'pending' })).toEqual({
        differs: ['it is pending, Stripe says paid'],
        listedAs: [],
      });
    });

    test('one that Stripe does not have', async () => {
      expect((await whileIts(paid, { externalPayoutId: 'po_nobody' })).differs).toEqual([
        'Stripe has no payout po_nobody of its account',
      ]);
      expect((await whileIts(unsent, { status: 'paid' })).differs).toEqual([
        'it is paid, Stripe has none of it',
      ]);
    });

    test('one that Stripe made, and of which our row has no id', async () => {
      expect((await whileIts(paid, { externalPayoutId: null, status: 'failed' })).differs).toEqual([
        `it failed before it was sent, Stripe made ${paid.externalPayoutId}, which is paid`,
      ]);
      const open = { externalPayoutId: null, status: 'pending' } as const;
      expect(await whileIts(accepted, open)).toEqual({ differs: [], listedAs: ['under way'] });
      expect((await whileIts(accepted, { ...open, amountMinor: 8_999 })).differs).toEqual([
        "it is of 89.99 USD, Stripe's of 90.00 USD",
      ]);
      // What was called off at Stripe stands for nothing.
      expect((await whileIts(failed, { externalPayoutId: null })).differs).toEqual([]);
      expect((await whileIts(failed, { ...open, amountMinor: 8_999 })).differs).toEqual([]);
    });

    test('one of another amount that is noted as such waits for an operator: listed', async () => {
      const noted = {
        externalPayoutId: null,
        amountMinor: 8_999,
        differingId: accepted.externalPayoutId,
        differingMinor: 9_000,
      };
      expect(await whileIts(accepted, noted)).toEqual({
        differs: [],
        listedAs: ['payouts of another amount at Stripe'],
      });
      expect((await whileIts(accepted, { ...noted, differingMinor: 8_000 })).differs).toHaveLength(1);
      const inAnother = { ...noted, amountMinor: 9_000, currency: 'EUR', differingMinor: null };
      expect(await whileIts(accepted, inAnother)).toEqual({
        differs: [],
        listedAs: ['payouts of another amount at Stripe'],
      });
    });

    test('of an account that is gone nobody can say anything: listed', async () => {
      world.stripe.control.loseAccount(paid.stripeAccountId!);
      const gone = await whileIts(paid, { amountMinor: 8_999 });
      const unnamed = await whileIts(paid, { externalPayoutId: null });
      world.stripe.control.regainAccount(paid.stripeAccountId!);
      expect(gone).toEqual({ differs: [], listedAs: ['payouts that cannot be read'] });
      expect(unnamed).toEqual(gone);
      expect(await whileIts(paid, { stripeAccountId: null })).toEqual(gone);
    });

    test('Stripe cannot be reached: nothing is known', async () => {
      world.stripe.control.addFault({
        kind: 'status',
        status: 503,
        match: 'payouts.retrieve',
        times: 'always',
      });
      await expect(differences()).rejects.toThrow(Unreachable);
    });
  });
});
