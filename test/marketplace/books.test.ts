import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, expect, test } from 'vitest';
import { checkBooks } from '../../db/invariants/index.ts';
import type { DatabaseWithSql } from '../../sandbox/database.ts';
import { sellerTransfers, transferReversals } from '../../db/marketplace/transfers/schema.ts';
import { askReversal } from '../../db/marketplace/reversals/ask.ts';
import { askTransfer } from '../../db/marketplace/transfers/ask.ts';
import { completeReversal } from '../../db/marketplace/reversals/complete.ts';
import { completeTransfer } from '../../db/marketplace/transfers/complete.ts';
import { failRefund } from '../../db/marketplace/refunds/fail.ts';
import { openRefund } from '../../db/marketplace/refunds/open.ts';
import { postponeReversal } from '../../db/marketplace/reversals/postpone.ts';
import { giveUpTransfer, postponeTransfer } from '../../db/marketplace/transfers/postpone.ts';
import { recordOutsideReversals } from '../../db/marketplace/reversals/record-outside.ts';
import { requestReversalRetry } from '../../db/marketplace/reversals/request-retry.ts';
import { requestTransferRetry } from '../../db/marketplace/transfers/request-retry.ts';
import { settleRefund } from '../../db/marketplace/refunds/settle.ts';
import { PURCHASES, ownDatabase, type Story, storyOn } from './verbs.ts';

// Random stories of the verbs against a Stripe and a PSP that only count: whatever happens, and in whatever order, the
// books balance after every step, and once everything is settled they say what Stripe and the PSP say.

const OPERATOR = { actor: 'operator', reason: 'a test' };
const SOON = { message: 'not now', nextRetryAtMs: Date.now() };

interface StripeTransfer {
  readonly id: string;
  readonly transferId: string;
  readonly sellerId: string;
  readonly amountMinor: number;
  readonly reversals: {
    readonly stripeReversalId: string;
    readonly amountMinor: number;
    readonly reversalId: string | null;
  }[];
}

/** What Stripe knows: each of our ids once, and nothing taken back that is not there. */
class CountingStripe {
  readonly transfers: StripeTransfer[] = [];

  find = (transferId: string) => this.transfers.find((transfer) => transfer.transferId === transferId);
  at = (stripeTransferId: string) => this.transfers.find(({ id }) => id === stripeTransferId)!;
  left = (transfer: StripeTransfer) =>
    transfer.reversals.reduce((left, reversal) => left - reversal.amountMinor, transfer.amountMinor);
  cashOf = (sellerId: string) =>
    this.transfers
      .filter((transfer) => transfer.sellerId === sellerId)
      .reduce((cash, transfer) => cash + this.left(transfer), 0);

  send(transferId: string, sellerId: string, amountMinor: number): StripeTransfer {
    if (this.find(transferId)) throw new Error(`paid twice: ${transferId}`);
    const sent = { id: `tr_${uuidv7()}`, transferId, sellerId, amountMinor, reversals: [] };
    this.transfers.push(sent);
    return sent;
  }

  /** Undefined where more is asked for than is left. */
  reverse(transfer: StripeTransfer, amountMinor: number, reversalId: string | null): string | undefined {
    if (amountMinor > this.left(transfer) || amountMinor < 1) return undefined;
    const stripeReversalId = `trr_${uuidv7()}`;
    transfer.reversals.push({ stripeReversalId, amountMinor, reversalId });
    return stripeReversalId;
  }
}

class Play {
  readonly stripe = new CountingStripe();
  /** What the PSP took in and gave back, minor units. */
  pspMinor = 0;
  readonly #orders: string[] = [];
  readonly #refunds: string[] = [];
  /** Failed at the PSP, whose later word may be another. */
  readonly #failed: string[] = [];
  readonly #database: DatabaseWithSql;
  readonly #story: Story;

  constructor(database: DatabaseWithSql, story: Story) {
    this.#database = database;
    this.#story = story;
  }

  /** `pick`, `how` and `amount` are any numbers: each step makes of them what it can use. */
  async step(name: string, pick: number, how: number, amount: number): Promise<void> {
    const steps: Record<string, () => Promise<void>> = {
      order: () => this.#order(how, amount),
      transfer: () => this.#transfer(pick, how),
      retryTransfer: () => this.#retryTransfer(pick),
      refund: () => this.#refund(pick, how, amount),
      settle: () => this.#settle(pick, how),
      reversal: () => this.#reversal(pick, how),
      retryReversal: () => this.#retryReversal(pick),
      outside: () => this.#outside(pick, how, amount),
    };
    await steps[name]!();
  }

  async #order(how: number, amount: number): Promise<void> {
    const { products, capture } = this.#story;
    const wanted = products.filter((_, index) => ((how + 1) >> index) & 1).map(({ id }) => id);
    const orderId = await this.#story.place(wanted.length > 0 ? wanted : [products[0]!.id]);
    const { totalMinor } = await this.#story.order(orderId);
    if (how % 5 === 0) {
      await this.#story.settlePayment(orderId, {
        ...capture(1),
        verdict: 'failed',
        receivedMinor: null,
        currency: null,
      });
    }
    const receivedMinor = how % 7 === 0 ? (amount % totalMinor) + 1 : totalMinor;
    const settled = await this.#story.settlePayment(orderId, capture(receivedMinor));
    this.pspMinor += receivedMinor;
    await this.#story.settlePayment(orderId, capture(receivedMinor));
    if (settled.status === 'given_back') this.#refunds.push(settled.refundId);
    else this.#orders.push(orderId);
  }

  async #transfer(pick: number, how: number): Promise<void> {
    const open = (await this.#transfers()).filter(
      ({ status }) => status === 'pending' || status === 'failed',
    );
    const row = open[pick % Math.max(open.length, 1)];
    if (row) await this.#attemptTransfer(row.id, how % 6);
  }

  async #attemptTransfer(transferId: string, how: number): Promise<void> {
    const { db } = this.#database;
    const claim = await askTransfer(db, { transferId, now: true });
    if (claim.kind !== 'ask') return;
    const { transfer, amountMinor } = claim;
    const known = this.stripe.find(transferId);
    // The look-up that precedes a new key and giving up.
    const absent = known === undefined;
    if (how === 1 && absent) {
      await postponeTransfer(db, transferId, { ...SOON, counted: true, waitingFor: null, released: true });
    } else if (how === 2 && absent) {
      await giveUpTransfer(db, transferId, 'enough');
    } else if (how === 3) {
      await postponeTransfer(db, transferId, {
        ...SOON,
        counted: false,
        waitingFor: 'rate_limit',
        released: false,
      });
    } else {
      const sent = known ?? this.stripe.send(transferId, transfer.sellerId, amountMinor);
      if (how === 4) {
        await postponeTransfer(db, transferId, { ...SOON, counted: true, waitingFor: null, released: false });
      } else {
        await completeTransfer(db, transferId, sent.id);
        await completeTransfer(db, transferId, sent.id);
      }
    }
  }

  async #retryTransfer(pick: number): Promise<void> {
    const rows = await this.#transfers();
    const superseded = new Set(rows.map((row) => row.retryOf));
    const ended = rows.filter(
      (row) =>
        row.status === 'permanently_failed' &&
        row.amountMinor > 0 &&
        !row.stripeTransferId &&
        !superseded.has(row.id),
    );
    const row = ended[pick % Math.max(ended.length, 1)];
    if (row === undefined) return;
    await this.#database.db.transaction((tx) =>
      requestTransferRetry(tx, { transferId: row.id, ...OPERATOR }),
    );
  }

  async #refund(pick: number, how: number, amount: number): Promise<void> {
    const orderId = this.#orders[pick % Math.max(this.#orders.length, 1)];
    if (orderId === undefined) return;
    const { buyer, sellers } = this.#story;
    const caller =
      how % 3 === 0
        ? { userId: sellers[0]!.id, role: 'artist' as const }
        : { userId: buyer.id, role: 'user' as const };
    const refundId = uuidv7();
    const { totalMinor } = await this.#story.order(orderId);
    const opening = await openRefund(
      this.#database.db,
      {
        refundId,
        ask: { orderId, caller, ...(how % 2 === 0 && { amount: (amount % totalMinor) + 1 }) },
      },
      PURCHASES,
    );
    if (!('refused' in opening)) this.#refunds.push(refundId);
  }

  async #settle(pick: number, how: number): Promise<void> {
    const { db } = this.#database;
    if (how % 4 === 3 && this.#failed.length > 0) {
      const [refundId] = this.#failed.splice(pick % this.#failed.length, 1);
      await this.#succeed(refundId!);
      return;
    }
    if (this.#refunds.length === 0) return;
    const [refundId] = this.#refunds.splice(pick % this.#refunds.length, 1);
    if (how % 4 === 2) {
      await failRefund(db, refundId!, { message: 'no' }, PURCHASES);
      this.#failed.push(refundId!);
    } else {
      await this.#succeed(refundId!);
    }
  }

  async #succeed(refundId: string): Promise<void> {
    const { db } = this.#database;
    const { amountMinor } = await this.#story.refundRow(refundId);
    await settleRefund(db, refundId, { providerRefundId: `psp_${refundId}` }, PURCHASES);
    this.pspMinor -= amountMinor;
    // Replays and a bank's later word change nothing.
    await settleRefund(db, refundId, { providerRefundId: null }, PURCHASES);
    await failRefund(db, refundId, { message: 'too late' }, PURCHASES);
  }

  async #reversal(pick: number, how: number): Promise<void> {
    const open = (await this.#reversals()).filter(({ status }) => status === 'pending');
    const row = open[pick % Math.max(open.length, 1)];
    if (row) await this.#attemptReversal(row.id, how % 5);
  }

  async #attemptReversal(reversalId: string, how: number): Promise<void> {
    const { db } = this.#database;
    let claim = await askReversal(db, { reversalId, now: true });
    if (claim.kind !== 'ask') {
      expect(claim.reversal.status, `reversal ${reversalId} is left behind`).not.toBe('pending');
      return;
    }
    const known = this.stripe.at(claim.stripeTransferId);
    const ours = new Set([reversalId, ...claim.predecessors]);
    const found = known.reversals.find((one) => one.reversalId !== null && ours.has(one.reversalId));
    if (found) {
      await completeReversal(db, reversalId, { reversed: found.stripeReversalId });
      return;
    }
    if (how !== 0) {
      await recordOutsideReversals(db, claim.transfer.id, known.reversals, reversalId);
      claim = await askReversal(db, { reversalId, now: true, spentKey: claim.idempotencyKey });
      if (claim.kind !== 'ask') return;
    }
    if (how === 1) {
      await postponeReversal(db, reversalId, { ...SOON, counted: true, waitingFor: null, spentKey: null });
    } else if (how === 2) {
      await completeReversal(db, reversalId, { failed: 'enough' });
    } else {
      const done = this.stripe.reverse(known, claim.amountMinor, reversalId);
      if (done === undefined || how === 3) {
        await postponeReversal(db, reversalId, { ...SOON, counted: true, waitingFor: null, spentKey: null });
      } else {
        await completeReversal(db, reversalId, { reversed: done });
        await completeReversal(db, reversalId, { failed: 'too late' });
      }
    }
  }

  async #retryReversal(pick: number): Promise<void> {
    const rows = await this.#reversals();
    const superseded = new Set(rows.map((row) => row.retryOf));
    const ended = rows.filter((row) => row.status === 'permanently_failed' && !superseded.has(row.id));
    const row = ended[pick % Math.max(ended.length, 1)];
    if (row === undefined) return;
    await this.#database.db.transaction((tx) =>
      requestReversalRetry(tx, { reversalId: row.id, ...OPERATOR }),
    );
  }

  /** Somebody takes money back in Stripe's dashboard, of a transfer that our rows know. */
  async #outside(pick: number, how: number, amount: number): Promise<void> {
    const known = new Set((await this.#transfers()).map((row) => row.stripeTransferId));
    const candidates = this.stripe.transfers.filter(
      (sent) => known.has(sent.id) && this.stripe.left(sent) > 0,
    );
    const sent = candidates[pick % Math.max(candidates.length, 1)];
    if (sent === undefined) return;
    this.stripe.reverse(sent, (amount % this.stripe.left(sent)) + 1, null);
    if (how % 2 === 0) await this.#hearOfOutside(sent);
  }

  async #hearOfOutside(sent: StripeTransfer): Promise<void> {
    const row = (await this.#transfers()).find(({ stripeTransferId }) => stripeTransferId === sent.id);
    if (row) await recordOutsideReversals(this.#database.db, row.id, sent.reversals, null);
  }

  /** Everything that is open gets its good end, as the engine would bring it about. */
  async finish(): Promise<void> {
    while (this.#refunds.length > 0) await this.#settle(0, 0);
    while ((await this.#open()) > 0) {
      for (const row of await this.#transfers()) {
        if (row.status === 'pending' || row.status === 'failed') await this.#attemptTransfer(row.id, 0);
      }
      for (const sent of this.stripe.transfers) await this.#hearOfOutside(sent);
      for (const row of await this.#reversals()) {
        if (row.status === 'pending') await this.#attemptReversal(row.id, 4);
      }
    }
    for (const sent of this.stripe.transfers) await this.#hearOfOutside(sent);
  }

  async #open(): Promise<number> {
    const transfers = (await this.#transfers()).filter(
      ({ status }) => status === 'pending' || status === 'failed',
    );
    return transfers.length + (await this.#reversals()).filter(({ status }) => status === 'pending').length;
  }

  #transfers = () => this.#database.db.select().from(sellerTransfers).orderBy(sellerTransfers.id);
  #reversals = () => this.#database.db.select().from(transferReversals).orderBy(transferReversals.id);
}

let database: DatabaseWithSql;
let story: Story;

beforeAll(async () => {
  database = await ownDatabase();
  story = await storyOn(database);
});

async function empty(): Promise<void> {
  await database.sql.begin(async (tx) => {
    await tx`SET LOCAL session_replication_role = replica`;
    await tx`TRUNCATE orders, refunds, seller_transfers, transfer_reversals, seller_balances, ledger_entries, seller_postings CASCADE`;
  });
}

async function expectSoundBooks(after: string): Promise<void> {
  const found = (await checkBooks(database.db)).flatMap(({ number, violations }) =>
    violations.map(({ subject, detail }) => `${number}: ${subject}: ${detail}`),
  );
  expect(found, after).toEqual([]);
}

async function booked(account: string): Promise<number> {
  const [row] =
    await database.sql`SELECT coalesce(sum(amount_minor), 0)::bigint AS minor FROM ledger_entries WHERE account = ${account}`;
  return Number(row?.['minor']);
}

const step = fc.tuple(
  fc.oneof(
    { weight: 2, arbitrary: fc.constant('order') },
    { weight: 4, arbitrary: fc.constant('transfer') },
    { weight: 1, arbitrary: fc.constant('retryTransfer') },
    { weight: 4, arbitrary: fc.constant('refund') },
    { weight: 4, arbitrary: fc.constant('settle') },
    { weight: 4, arbitrary: fc.constant('reversal') },
    { weight: 2, arbitrary: fc.constant('retryReversal') },
    { weight: 2, arbitrary: fc.constant('outside') },
  ),
  fc.nat(20),
  fc.nat(60),
  fc.nat(20_000),
);

const RUNS = Number(process.env['BOOKS_RUNS'] ?? 12);

test(
  'the books balance after every step, and in the end say what Stripe and the PSP say',
  { timeout: 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        await empty();
        const play = new Play(database, story);
        await play.step('order', 0, 14, 0);
        for (const [name, pick, how, amount] of steps) {
          await play.step(name, pick, how, amount);
          await expectSoundBooks(name);
        }
        await play.finish();
        await expectSoundBooks('the end');
        for (const { id } of story.sellers) {
          expect(await booked(`cash:connected:${id}`), 'at the connected account').toBe(
            play.stripe.cashOf(id),
          );
        }
        const atSellers = story.sellers.reduce((cash, { id }) => cash + play.stripe.cashOf(id), 0);
        expect(await booked('cash:psp'), 'at the PSP').toBe(play.pspMinor - atSellers);
      }),
      { numRuns: RUNS, interruptAfterTimeLimit: 240_000 },
    );
  },
);
