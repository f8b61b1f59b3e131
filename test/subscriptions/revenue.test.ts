import fc from 'fast-check';
import { eq, inArray } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import { deferredRevenue } from '../../db/invariants/11-deferred-revenue.ts';
import { invoices as invoicesHold } from '../../db/invariants/10-invoices.ts';
import { ledgerEntries } from '../../db/ledger/index.ts';
import { refundAsOperator } from '../../db/marketplace/refunds/refund-as-operator.ts';
import { returnRefund } from '../../db/marketplace/refunds/return.ts';
import { settleRefund } from '../../db/marketplace/refunds/settle.ts';
import { cancelSubscription } from '../../db/subscriptions/cancel.ts';
import { type Invoice, invoices } from '../../db/subscriptions/invoices/schema.ts';
import { lockSubscription } from '../../db/subscriptions/lock.ts';
import { endNow } from '../../db/subscriptions/operators/end-now.ts';
import { settleDispute } from '../../db/marketplace/disputes/settle.ts';
import { recogniseRevenue } from '../../db/subscriptions/invoices/recognise.ts';
import { ownDatabase, type Story, storyOn } from '../marketplace/verbs.ts';
import { captured, DAY_MS, failed, type Subscriptions, subscriptionsOn, termsAt } from './paid-rows.ts';

const database = await ownDatabase();
const { db } = database;
let story: Subscriptions;
let admin: Story['admin'];

beforeAll(async () => {
  story = subscriptionsOn(database);
  ({ admin } = await storyOn(database));
});

const later = (from: Date, ms: number) => new Date(from.getTime() + ms);

async function recogniseAt(at: Date): Promise<number> {
  let [after, minor]: [string | null, number] = [null, 0];
  do {
    const batch = await recogniseRevenue(db, { after, limit: 3 }, termsAt(at));
    minor += batch.recognisedMinor;
    after = batch.nextAfter;
  } while (after !== null);
  return minor;
}

/** The sum of an account over a subscription's invoices, signed as it is entered. */
async function sumOf(subscriptionId: string, account: string): Promise<number> {
  const own = db
    .select({ id: invoices.id })
    .from(invoices)
    .where(eq(invoices.subscriptionId, subscriptionId));
  const rows = await db
    .select({ account: ledgerEntries.account, minor: ledgerEntries.amountMinor })
    .from(ledgerEntries)
    .where(inArray(ledgerEntries.rootId, own));
  return rows.filter((row) => row.account === account).reduce((sum, { minor }) => sum + minor, 0);
}

describe('revenue of a paid year', () => {
  test('is recognised by whole months, once, and the last takes the rest', async () => {
    const { id, invoiceId } = await story.paid({ cycle: 'yearly' });
    const { startsAt, endsAt } = await story.schedule(invoiceId);
    await recogniseAt(later(startsAt, 1_000));
    const firstMonth = new Date(Date.UTC(startsAt.getUTCFullYear(), startsAt.getUTCMonth() + 1));
    for (const at of [later(firstMonth, 1_000), later(firstMonth, 20 * DAY_MS)]) {
      await recogniseAt(at);
      const part = (firstMonth.getTime() - startsAt.getTime()) / (endsAt.getTime() - startsAt.getTime());
      expect(await story.schedule(invoiceId)).toMatchObject({ recognisedMinor: Math.round(9_990 * part) });
    }
    await recogniseAt(endsAt);
    expect(await story.schedule(invoiceId)).toMatchObject({ recognisedMinor: 9_990 });
    expect(await recogniseAt(later(endsAt, DAY_MS))).toBe(0);
    expect(await sumOf(id, 'platform:revenue')).toBe(-9_990);
  });
});

const STEPS = [
  'renew',
  'refuse',
  'upgrade',
  'years',
  'refund',
  'part',
  'end',
  'old',
  'return',
  'end_now',
  'cancel',
  'dispute',
  'won',
  'lost',
  'recognise',
] as const;
type Step = (typeof STEPS)[number];

/** What a random year did: the subscription, when it is, and its refunds. */
interface Year {
  readonly id: string;
  at: Date;
  readonly refundIds: string[];
  /** Its payment is disputed, and nobody has decided it. */
  disputed: Invoice | undefined;
  disputes: number;
}

const isAlive = async ({ id }: Year) => {
  const { status } = await story.subscription(id);
  return status === 'active' || status === 'past_due';
};

const isLive = async ({ id }: Year) => (await story.subscription(id)).endedAt === null;

async function dispute(
  { id, amountMinor, refundedMinor }: Invoice,
  status: 'open' | 'won' | 'lost',
  year: Year,
) {
  const of = { kind: 'invoice', id, paymentId: id } as const;
  const saidAt = new Date(Date.now() + { open: 0, won: 1_000, lost: 2_000 }[status]).toISOString();
  const providerDisputeId = `dp_${id}_${year.disputes}`;
  const news = {
    providerDisputeId,
    amountMinor: amountMinor - refundedMinor,
    currency: 'USD',
    status,
    saidAt,
  };
  await settleDispute(db, of, news, story.purchases(year.at));
}

async function refundOf(year: Year, invoiceId: string, part: { amount?: number; endAccess?: boolean } = {}) {
  const purchases = story.purchases(year.at);
  const of = { kind: 'invoice', id: invoiceId } as const;
  const act = { actor: admin.id, reason: 'random' };
  const refund = await db.transaction((tx) => refundAsOperator(tx, { of, ...part, ...act }, purchases));
  await settleRefund(db, refund.id, { providerRefundId: refund.id }, purchases);
  year.refundIds.push(refund.id);
}

const paidInvoices = async ({ id }: Year) =>
  (await db.select().from(invoices).where(eq(invoices.subscriptionId, id)).orderBy(invoices.paidAt)).filter(
    ({ status }) => status === 'paid' || status === 'partially_refunded',
  );

async function take(year: Year, step: Step): Promise<void> {
  const { id } = year;
  const paid = await paidInvoices(year);
  switch (step) {
    case 'renew':
    case 'refuse': {
      if (!(await isAlive(year))) return;
      const { currentPeriodEnd, status } = await story.subscription(id);
      if (status === 'past_due') return;
      if (currentPeriodEnd! > year.at) year.at = currentPeriodEnd!;
      const invoiceId = await story.renew(id);
      const { amountMinor } = await story.invoice(invoiceId);
      if (step === 'renew') {
        await story.settle(invoiceId, captured(amountMinor), year.at);
        return;
      }
      await story.settle(invoiceId, failed(), year.at);
      year.at = later(year.at, DAY_MS);
      await story.settle(await story.tryAgain(invoiceId), captured(amountMinor), year.at);
      // And the first one after all.
      await story.settle(invoiceId, captured(amountMinor), year.at);
      return;
    }
    case 'upgrade':
    case 'years': {
      if (!(await isAlive(year))) return;
      const { currentPeriodEnd, currentPeriodStart, priceId } = await story.subscription(id);
      if (year.at >= currentPeriodEnd! || year.at < currentPeriodStart!) return;
      const isCreatorMonthly = priceId.endsWith('2');
      if (!isCreatorMonthly) return;
      const change =
        step === 'upgrade'
          ? await story.change(id, 'premium', 'monthly', year.at)
          : await story.change(id, 'creator', 'yearly', year.at);
      await story.settle(change.invoiceId, captured(change.amountMinor), year.at);
      return;
    }
    case 'refund':
    case 'part':
    case 'end':
    case 'old': {
      const invoice = step === 'old' ? paid[0] : paid.at(-1);
      // While it is disputed no refund of it is asked for.
      if (invoice === undefined || invoice.id === year.disputed?.id) return;
      const amount = Math.min(100, invoice.amountMinor - invoice.refundedMinor);
      const part = { part: { amount }, end: { amount, endAccess: true }, refund: {}, old: {} }[step];
      await refundOf(year, invoice.id, part);
      return;
    }
    case 'return': {
      const refundId = year.refundIds.pop();
      if (refundId === undefined) return;
      const act = { refundId, actor: admin.id, reason: 'random' };
      await db.transaction((tx) => returnRefund(tx, act, story.purchases(year.at)));
      return;
    }
    case 'end_now': {
      if (!(await isLive(year))) return;
      const act = { subscriptionId: id, actor: admin.id, reason: 'random' };
      await db.transaction((tx) => endNow(tx, act, termsAt(year.at).time));
      return;
    }
    case 'cancel': {
      if (!(await isAlive(year))) return;
      await db.transaction(async (tx) => {
        const deed = { askId: uuidv7(), now: year.at, terms: termsAt(year.at) };
        await cancelSubscription(tx, await lockSubscription(tx, id), deed);
      });
      return;
    }
    case 'dispute':
    case 'won':
    case 'lost': {
      const invoice = year.disputed ?? paid.at(-1);
      if (invoice === undefined || (step !== 'dispute' && year.disputed === undefined)) return;
      if (step === 'dispute' && year.disputed !== undefined) return;
      year.disputed = step === 'dispute' ? invoice : undefined;
      year.disputes += step === 'dispute' ? 1 : 0;
      await dispute(invoice, step === 'dispute' ? 'open' : step, year);
      return;
    }
    case 'recognise':
      await recogniseAt(year.at);
  }
}

const SEEDS = [13, 2_026, 31_337, 77_003];

test.each(SEEDS)(
  'deferred equals schedules after a random year (seed %d), and in the end all of it is revenue or was given back',
  async (seed) => {
    const steps = fc.array(
      fc.record({ step: fc.constantFrom(...STEPS), days: fc.integer({ min: 0, max: 40 }) }),
      { minLength: 4, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.constantFrom('monthly' as const, 'yearly' as const),
        async (taken, cycle) => {
          const { id } = await story.paid({ cycle });
          const year: Year = { id, at: new Date(), refundIds: [], disputed: undefined, disputes: 0 };
          for (const { step, days } of taken) {
            year.at = later(year.at, days * DAY_MS);
            await take(year, step);
            const broken = await db.transaction(async (tx) => [
              ...(await deferredRevenue.check(tx)),
              ...(await invoicesHold.check(tx)),
            ]);
            expect(broken).toEqual([]);
            // A refund never makes revenue negative.
            expect(-(await sumOf(id, 'platform:revenue'))).toBeGreaterThanOrEqual(0);
          }
          await recogniseAt(later(year.at, 800 * DAY_MS));
          const [cash, revenue, held] = [
            await sumOf(id, 'cash:psp'),
            await sumOf(id, 'platform:revenue'),
            await sumOf(id, 'suspense:invoice'),
          ];
          expect(Math.abs(await sumOf(id, 'platform:deferred'))).toBe(0);
          expect(cash + held + revenue).toBe(0);
        },
      ),
      { numRuns: 15, seed },
    );
  },
  120_000,
);
