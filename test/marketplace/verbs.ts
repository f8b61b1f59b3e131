import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll } from 'vitest';
import { type DatabaseWithSql, openWithSql } from '../../sandbox/database.ts';
import { createPurchases } from '../../db/purchases.ts';
import { orders } from '../../db/marketplace/orders/schema.ts';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import { sellerTransfers, transferReversals } from '../../db/marketplace/transfers/schema.ts';
import { askReversal } from '../../db/marketplace/reversals/ask.ts';
import { askTransfer } from '../../db/marketplace/transfers/ask.ts';
import { completeReversal } from '../../db/marketplace/reversals/complete.ts';
import { completeTransfer } from '../../db/marketplace/transfers/complete.ts';
import { openOrder } from '../../db/marketplace/orders/open-order.ts';
import { openRefund } from '../../db/marketplace/refunds/open.ts';
import { seedCatalog } from '../../db/sellers/seed-catalog.ts';
import { settlePayment } from '../../db/marketplace/orders/settle.ts';
import { settleRefund } from '../../db/marketplace/refunds/settle.ts';
import type { PaymentReport } from '../../domain/marketplace/messages.ts';
import { createDatabaseFromTemplate } from '../harness/services.ts';

const TERMS = { platformFeeBps: 1000, openOrdersMax: 1_000 };
/** As the variables' defaults have them. */
export const PURCHASE_TERMS = {
  REFUND_FEE_POLICY: 'refund',
  SUBSCRIPTION_RENEWAL_GRACE: 72 * 60 * 60 * 1000,
  SUBSCRIPTION_DUNNING: [1, 3, 5].map((days) => days * 24 * 60 * 60 * 1000),
  INVOICE_SERIES: 'VZ',
  INVOICE_ISSUER: 'Veza',
  BILLING_TIME_SCALE: 1,
} as const;
export const PURCHASES = createPurchases(PURCHASE_TERMS);
const WINDOW = { refundWindowDays: 14, feePolicy: 'refund' } as const;

/** A database of the suite's own; ends with the test file. */
export async function ownDatabase(): Promise<DatabaseWithSql & { readonly url: string }> {
  const test = await createDatabaseFromTemplate();
  const database = openWithSql(test.url, { maxConnections: 4 });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });
  return { ...database, url: test.url };
}

/** The verbs of the database, called one after the other as the engine would; no provider, no Temporal. */
export async function storyOn({ db }: Pick<DatabaseWithSql, 'db'>) {
  const { buyer, sellers, admin, products } = await seedCatalog(db);
  const capture = (amountMinor: number, currency = 'EUR'): PaymentReport => ({
    verdict: 'captured',
    receivedMinor: amountMinor,
    currency,
    message: null,
    connectorTransactionId: null,
  });
  let stripeIds = 0;

  const story = {
    buyer,
    sellers,
    admin,
    products,
    capture,
    /** A made-up id of Stripe's, new each time. */
    stripeId: (prefix: 'tr' | 'trr') => `${prefix}_${(stripeIds += 1)}_${uuidv7()}`,

    /** An order of one product of each seller, `pending`. */
    async place(productIds = [products[0]!.id, products[2]!.id]): Promise<string> {
      const orderId = uuidv7();
      const opened = await openOrder(db, { orderId, ask: { buyerId: buyer.id, productIds } }, TERMS);
      if ('refused' in opened) throw new Error(opened.refused.detail);
      return orderId;
    },

    async settlePayment(orderId: string, fact: PaymentReport) {
      return settlePayment(db, orderId, fact, WINDOW);
    },

    /** A paid order; its transfers are `pending`. */
    async pay(productIds?: string[]): Promise<string> {
      const orderId = await story.place(productIds);
      const order = await story.order(orderId);
      await settlePayment(db, orderId, capture(order.totalMinor), WINDOW);
      return orderId;
    },

    /** Sends one transfer: asked of Stripe, answered. */
    async send(transferId: string) {
      const claim = await askTransfer(db, { transferId, now: true });
      if (claim.kind !== 'ask') throw new Error(`transfer ${transferId} is ${claim.kind}`);
      return completeTransfer(db, transferId, story.stripeId('tr'));
    },

    /** A paid order whose transfers have completed. */
    async complete(productIds?: string[]): Promise<string> {
      const orderId = await story.pay(productIds);
      for (const transfer of await story.transfers(orderId)) await story.send(transfer.id);
      return orderId;
    },

    /** Phase 1, by the buyer. */
    async openRefund(orderId: string, amount?: number): Promise<string> {
      const refundId = uuidv7();
      const opening = await openRefund(
        db,
        {
          refundId,
          ask: {
            orderId,
            caller: { userId: buyer.id, role: 'user' },
            ...(amount !== undefined && { amount }),
          },
        },
        PURCHASES,
      );
      if ('refused' in opening) throw new Error(opening.refused.code);
      return refundId;
    },

    /** Phases 1 to 3. */
    async refund(orderId: string, amount?: number) {
      const refundId = await story.openRefund(orderId, amount);
      const settled = await settleRefund(db, refundId, { providerRefundId: `psp_${refundId}` }, PURCHASES);
      if (settled === 'held') throw new Error('a refund as it was asked for is not held');
      return { refundId, ...settled };
    },

    /** Takes one reversal back: asked of Stripe, answered. */
    async reverse(reversalId: string) {
      const claim = await askReversal(db, { reversalId, now: true });
      if (claim.kind !== 'ask') throw new Error(`reversal ${reversalId} is ${claim.kind}`);
      return completeReversal(db, reversalId, { reversed: story.stripeId('trr') });
    },

    order: async (id: string) => one(await db.select().from(orders).where(eq(orders.id, id))),
    refundRow: async (id: string) => one(await db.select().from(refunds).where(eq(refunds.id, id))),
    transfer: async (id: string) =>
      one(await db.select().from(sellerTransfers).where(eq(sellerTransfers.id, id))),
    reversal: async (id: string) =>
      one(await db.select().from(transferReversals).where(eq(transferReversals.id, id))),
    transfers: (orderId: string) =>
      db
        .select()
        .from(sellerTransfers)
        .where(eq(sellerTransfers.orderId, orderId))
        .orderBy(sellerTransfers.id),
    reversals: (refundId: string) =>
      db
        .select()
        .from(transferReversals)
        .where(eq(transferReversals.refundId, refundId))
        .orderBy(transferReversals.id),
  };
  return story;
}

export type Story = Awaited<ReturnType<typeof storyOn>>;

function one<Row>(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined) throw new Error('there is no such row');
  return row;
}
