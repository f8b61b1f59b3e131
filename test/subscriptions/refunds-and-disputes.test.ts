import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import { featuresOf } from '../../db/subscriptions/index.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { makePerson } from '../harness/shop.ts';
import { attempted, eventually, until } from '../harness/wait.ts';
import { type Person, World } from '../harness/world.ts';
import { subscriptionsOf } from './story.ts';
import { TERMS } from './verbs.ts';

// What goes back of invoices, on the real engine: by an admin, in the PSP's dashboard, or by a bank.

let world: World;
let of: ReturnType<typeof subscriptionsOf>;
let admin: Person;
beforeAll(async () => {
  world = await World.create();
  of = subscriptionsOf(world);
  admin = await makePerson(world, 'admin');
});
afterEach(() => expectCleanBooks(world));
afterAll(() => world.close());

const maySell = async ({ id }: Person) =>
  (await featuresOf(world.database.db, id, TERMS)).canSellOnMarketplace;
const paymentsOf = ({ id }: Person) =>
  world.psp.control.payments().filter((payment) => payment.customer_id === id);
const invoicesOf = async (id: string) =>
  (await of.invoicesOf(id)).map(({ reason, status }) => `${reason} ${status}`);
const refundsOf = (invoiceId: string) =>
  world.database.db.select().from(refunds).where(eq(refunds.invoiceId, invoiceId));

/** An admin refunds an invoice: of all that is left where no amount is named. */
async function refund(invoiceId: string, part: { amount?: number; end_access?: boolean } = {}) {
  const asked = { reason: 'they asked nicely', ...part };
  const { status, body } = await world.post(admin, `/admin/invoices/${invoiceId}/refund`, asked);
  expect(status).toBe(202);
  return (body as { refund: { id: string } }).refund.id;
}

const refunded = (invoiceId: string, amountMinor: number) =>
  eventually(async () => {
    const rows = await refundsOf(invoiceId);
    const backMinor = rows
      .filter(({ status }) => status === 'succeeded')
      .reduce((sum, row) => sum + row.amountMinor, 0);
    expect(backMinor).toBe(amountMinor);
  });

/** The PSP has a refund of this payment, and says nothing of its end until it is told to. */
const undecided = (paymentId: string) =>
  world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'pending', where: { payment_id: paymentId } });
const atPsp = (invoiceId: string) =>
  until(
    () => refundsOf(invoiceId),
    (rows) => rows.every(({ hyperswitchRefundId }) => hyperswitchRefundId !== null),
  );

describe('refund', () => {
  it('full: expired once it succeeds, and nothing is charged any more', async () => {
    const { id, person, invoiceId } = await of.active();
    await refund(invoiceId);
    expect(await of.became(id, 'expired')).toMatchObject({ endReason: 'refunded' });
    await world.finished(`subscription/${id}`);
    expect(await invoicesOf(id)).toEqual(['first refunded']);
    expect(await maySell(person)).toBe(false);
    expect(await of.mailsOf(person)).toEqual(
      expect.arrayContaining(['subscription_expired', 'invoice_refunded']),
    );
    expect(paymentsOf(person)).toHaveLength(1);
  });

  it('full, under way when the renewal is due, and failed in the end: the renewal is charged then, once', async () => {
    const { id, person, invoiceId } = await of.active();
    undecided(invoiceId);
    const refundId = await refund(invoiceId);
    await atPsp(invoiceId);
    await of.passPeriod(id);
    await of.rests(id);
    expect(await invoicesOf(id)).toEqual(['first paid']);
    world.psp.control.settleRefund(refundId, 'failed');
    await world.finished(`refund/${refundId}`);
    await of.pass(id, 60 * 60_000);
    await of.paid(id, 2);
    expect(await invoicesOf(id)).toEqual(['first paid', 'renewal paid']);
    expect(paymentsOf(person)).toHaveLength(2);
  });

  it('full, while the PSP never answered the renewal: that is ended, not asked for again, and it expires', async () => {
    const { id, person, invoiceId } = await of.active();
    const down = of.onCharges(person, { kind: 'status', status: 503, times: 'always' });
    await of.passPeriod(id);
    await attempted(world, `subscription/${id}`, 2);
    undecided(invoiceId);
    const refundId = await refund(invoiceId);
    await of.lastAttempt(id, ({ endRequestedAt }) => endRequestedAt !== null);
    world.psp.control.clearFaults(down);
    await of.callsArrived(id);
    await of.lastAttempt(id, ({ status }) => status === 'failed');
    await of.rests(id);
    expect(await invoicesOf(id)).toEqual(['first paid', 'renewal void']);
    expect(await of.row(id)).toMatchObject({ status: 'active', dunningSince: null });
    world.psp.control.settleRefund(refundId, 'succeeded');
    await of.became(id, 'expired');
    await world.finished(`subscription/${id}`);
    expect(paymentsOf(person)).toHaveLength(1);
  });

  it('full, while a change waits for its buyer: the change is given up, and its payment ended', async () => {
    const { id, person, invoiceId } = await of.active();
    const { paymentMethodId } = await of.row(id);
    world.psp.control.setMethod(await of.providerCard(paymentMethodId!), { charges: 'want_buyer' });
    await of.ask(id, { do: 'change', planId: 'premium' });
    await of.lastAttempt(id, ({ status }) => status === 'failed');
    const paying = await of.ask(id, { do: 'pay' });
    const waiting = 'done' in paying ? paying.done.attemptId! : '';
    undecided(invoiceId);
    const refundId = await refund(invoiceId);
    await of.lastAttempt(id, ({ status }) => status === 'failed');
    expect(world.psp.control.payment(waiting).status).toBe('cancelled');
    expect(await invoicesOf(id)).toEqual(['first paid', 'change void']);
    expect(await of.mailsOf(person)).toContain('change_failed');
    world.psp.control.settleRefund(refundId, 'succeeded');
    await of.became(id, 'expired');
    await world.finished(`subscription/${id}`);
  });

  it('partial: access and renewals go on', async () => {
    const { id, person, invoiceId } = await of.active();
    await refund(invoiceId, { amount: 400 });
    await refunded(invoiceId, 400);
    expect(await maySell(person)).toBe(true);
    await of.passPeriod(id);
    await of.paid(id, 1);
    await of.rests(id);
    expect(await invoicesOf(id)).toEqual(['first partially_refunded', 'renewal paid']);
  });

  it('old: of another invoice than the effective payment, it has no effect', async () => {
    const { id, person, invoiceId } = await of.active();
    await of.passPeriod(id);
    const before = await of.paid(id, 2);
    await of.rests(id);
    await refund(invoiceId);
    await refunded(invoiceId, 999);
    expect(await invoicesOf(id)).toEqual(['first refunded', 'renewal paid']);
    const { status, currentPeriodEnd } = await of.row(id);
    expect({ status, currentPeriodEnd }).toEqual({
      status: 'active',
      currentPeriodEnd: before.currentPeriodEnd,
    });
    expect(await maySell(person)).toBe(true);
    await of.passPeriod(id);
    await of.paid(id, 2);
    expect(paymentsOf(person)).toHaveLength(3);
  });

  it('external: made in the dashboard, the same: in part it goes on, in full it expires', async () => {
    const { id, person, invoiceId } = await of.active();
    world.psp.control.createExternalRefund(invoiceId, 400);
    await refunded(invoiceId, 400);
    expect(await invoicesOf(id)).toEqual(['first partially_refunded']);
    expect(await maySell(person)).toBe(true);
    world.psp.control.createExternalRefund(invoiceId, 599);
    expect(await of.became(id, 'expired')).toMatchObject({ endReason: 'refunded' });
    await world.finished(`subscription/${id}`);
    expect((await refundsOf(invoiceId)).map(({ kind, status }) => `${kind} ${status}`)).toEqual([
      'external succeeded',
      'external succeeded',
    ]);
    expect(await maySell(person)).toBe(false);
    expect(paymentsOf(person)).toHaveLength(1);
  });
});

describe('dispute', () => {
  it('opened: canceling, no charge, no refund, and canceled at the end of what is paid', async () => {
    const { id, person, invoiceId } = await of.active();
    world.psp.control.openDispute(invoiceId);
    expect(await of.became(id, 'canceling')).toMatchObject({ cancelCause: 'dispute' });
    expect(await maySell(person)).toBe(true);
    expect(await of.ask(id, { do: 'reactivate' })).toMatchObject({ refused: { code: 'not_reactivatable' } });
    const refused = await world.post(admin, `/admin/invoices/${invoiceId}/refund`, { reason: 'they asked' });
    expect([refused.status, refused.body['code']]).toEqual([400, 'invoice_disputed']);
    await of.rests(id);
    await of.passPeriod(id, 1);
    expect(await of.became(id, 'canceled')).toMatchObject({ endReason: 'disputed' });
    await world.finished(`subscription/${id}`);
    expect(await invoicesOf(id)).toEqual(['first paid']);
    expect(paymentsOf(person)).toHaveLength(1);
  });

  it('opened when past due: canceled, and its invoice void', async () => {
    const { id, person, invoiceId } = await of.active();
    const { paymentMethodId } = await of.row(id);
    world.psp.control.setMethod(await of.providerCard(paymentMethodId!), {
      charges: { declineCode: 'insufficient_funds' },
    });
    await of.passPeriod(id);
    await of.became(id, 'past_due');
    world.psp.control.openDispute(invoiceId);
    expect(await of.became(id, 'canceled')).toMatchObject({ endReason: 'disputed' });
    await world.finished(`subscription/${id}`);
    expect(await invoicesOf(id)).toEqual(['first paid', 'renewal void']);
    expect(paymentsOf(person)).toHaveLength(2);
  });

  it('won: taken back, and it renews', async () => {
    const { id, person, invoiceId } = await of.active();
    const { dispute_id: disputeId } = world.psp.control.openDispute(invoiceId);
    await of.became(id, 'canceling');
    world.psp.control.closeDispute(disputeId, 'won');
    expect(await of.became(id, 'active')).toMatchObject({ cancelCause: null, cancelRequestedAt: null });
    expect(await of.mailsOf(person)).toEqual(
      expect.arrayContaining(['subscription_canceled', 'subscription_taken_back']),
    );
    await of.rests(id);
    await of.passPeriod(id);
    await of.paid(id, 2);
    expect(paymentsOf(person)).toHaveLength(2);
  });

  it('lost: a refund of kind dispute, and expired', async () => {
    const { id, person, invoiceId } = await of.active();
    const { dispute_id: disputeId } = world.psp.control.openDispute(invoiceId);
    await of.became(id, 'canceling');
    world.psp.control.closeDispute(disputeId, 'lost');
    expect(await of.became(id, 'expired')).toMatchObject({ endReason: 'dispute_lost' });
    await world.finished(`subscription/${id}`);
    expect(await refundsOf(invoiceId)).toMatchObject([
      { kind: 'dispute', status: 'succeeded', amountMinor: 999 },
    ]);
    expect(await invoicesOf(id)).toEqual(['first refunded']);
    expect(await maySell(person)).toBe(false);
    expect(paymentsOf(person)).toHaveLength(1);
  });
});
