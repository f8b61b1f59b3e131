import { eq } from 'drizzle-orm';
import { expect } from 'vitest';
import { connect } from '../harness/shop.ts';
import { eventually } from '../harness/wait.ts';
import { type Books, openReversals, type Leg, type Order, payable, type Reversal } from './money.ts';
import type { Life } from './run.ts';
import type { Trouble } from './troubles.ts';
import { sellerAccounts } from '../../db/sellers/schema.ts';

// What happens on the sellers' side, at Stripe, and at the operators' desk.

const DOWN = {
  kind: 'status',
  status: 503,
  match: /transfers\.(create|createReversal)/,
  times: 'always',
} as const;

export async function stripeGoesDown(life: Life, books: Books): Promise<void> {
  life.world.stripe.control.addFault(DOWN);
  books.stripeDown = true;
}

export async function stripeComesBack(life: Life, books: Books): Promise<void> {
  await life.within(books, 'none', async () => {
    life.world.stripe.control.clearFaults();
    books.stripeDown = false;
  });
}

export async function connectSeller(life: Life, books: Books, index: number): Promise<void> {
  await life.within(books, 'none', async () => {
    await connect(life.world, life.sellers[index]!);
    books.sellers[index]!.connected = true;
  });
}

/** Before anybody here is told: what was asked of Stripe meanwhile finds it out. */
export function accountGoes(life: Life, books: Books, index: number): void {
  const { control } = life.world.stripe;
  const deaf = control.addFault({ kind: 'loseWebhook' });
  control.loseAccount(life.sellers[index]!.accountId, 'account_invalid');
  control.clearFaults(deaf);
  books.sellers[index]!.gone = true;
}

export async function accountComesBack(life: Life, books: Books, index: number): Promise<void> {
  const seller = life.sellers[index]!;
  await life.within(books, 'none', async () => {
    life.world.stripe.control.regainAccount(seller.accountId);
    books.sellers[index]!.gone = false;
    await eventually(async () => {
      const [row] = await life.world.database.db
        .select()
        .from(sellerAccounts)
        .where(eq(sellerAccounts.userId, seller.id));
      expect(row).toMatchObject({ transfersEnabled: true, payoutsEnabled: true });
    });
  });
}

export const legsOf = (books: Books, fits: (leg: Leg, order: Order) => boolean) =>
  books.orders.flatMap((order) =>
    order.legs.filter((leg) => fits(leg, order)).map((leg) => ({ order, leg })),
  );

/** Nothing of the seller is under way to or from Stripe. */
export const isQuiet = (books: Books, index: number) =>
  !books.sellers[index]!.murky && openReversals(books, index).length === 0;

const takenBack = (leg: Leg) =>
  leg.takenByOthers +
  leg.reversals.reduce((sum, { amount, state }) => sum + (state === 'done' ? amount : 0), 0);

/** What somebody may still take back in Stripe's dashboard. */
export const reversible = (books: Books, leg: Leg) =>
  leg.sent && isQuiet(books, leg.seller)
    ? Math.min(leg.amount - takenBack(leg), books.sellers[leg.seller]!.balance)
    : 0;

export async function reverseInDashboard(
  life: Life,
  books: Books,
  { order, leg }: { order: Order; leg: Leg },
  amount: number,
): Promise<void> {
  const transfer = await life.transferOf(order, leg);
  await life.within(books, 'none', async () => {
    life.world.stripe.control.reverseInDashboard(transfer.stripeTransferId!, amount);
    const seller = books.sellers[leg.seller]!;
    seller.balance -= amount;
    seller.net -= amount;
    leg.suspense += amount;
    leg.takenByOthers += amount;
  });
}

export const canPayOut = (books: Books, index: number) =>
  books.sellers[index]!.connected && isQuiet(books, index) && payable(books, index) >= 100;

export async function payOut(
  life: Life,
  books: Books,
  index: number,
  how: { readonly pick: number; readonly trouble: Trouble },
): Promise<void> {
  const most = payable(books, index);
  const amount = how.pick % 2 === 0 ? most : 100 + (how.pick % (most - 99));
  await life.within(books, how.trouble, async () => {
    const answer = await life.world.post(
      life.sellers[index]!,
      '/sellers/me/payouts',
      amount === most ? {} : { amount },
    );
    expect(answer.status, JSON.stringify(answer.body)).toBe(202);
    expect(answer.body['payout']!['amount']).toBe(amount);
    const seller = books.sellers[index]!;
    seller.payouts.push({ id: answer.body['payout']!['id']!, amount, back: seller.gone });
    if (seller.gone) return;
    seller.net -= amount;
    seller.balance -= amount;
  });
}

export async function payoutComesBack(life: Life, books: Books, index: number): Promise<void> {
  const seller = books.sellers[index]!;
  const payout = seller.payouts.find(({ back }) => !back)!;
  await life.within(books, 'none', async () => {
    const { control } = life.world.stripe;
    const made = control.payouts(life.sellers[index]!.accountId);
    const { id } = made.find(({ metadata }) => metadata['payout_id'] === payout.id)!;
    control.settlePayout(id, 'failed');
    payout.back = true;
    seller.net += payout.amount;
    seller.balance += payout.amount;
  });
}

export function findReversal(books: Books, state: Reversal['state'], pick: number) {
  const found = legsOf(books, (leg) => !books.sellers[leg.seller]!.murky).flatMap(({ order, leg }) =>
    leg.reversals
      .filter((reversal) => reversal.state === state)
      .map((reversal) => ({ order, leg, reversal })),
  );
  return found.length === 0 ? null : found[pick % found.length]!;
}

type Found = NonNullable<ReturnType<typeof findReversal>>;

export async function giveUpReversal(
  life: Life,
  books: Books,
  { order, leg, reversal }: Found,
): Promise<void> {
  await life.within(books, 'none', async () => {
    const row = await life.reversalOf(order, leg, 'pending', reversal.amount);
    await life.world.temporal.workflow.getHandle(`reversal/${row.id}`).signal('giveUp', 'the model says so');
    reversal.state = 'failed';
  });
}

export async function retryReversal(
  life: Life,
  books: Books,
  { order, leg, reversal }: Found,
): Promise<void> {
  await life.within(books, 'none', async () => {
    const row = await life.reversalOf(order, leg, 'permanently_failed', reversal.amount);
    const answer = await life.world.post(life.shop.admin, `/admin/reversals/${row.id}/retry`, {
      reason: 'the model says so',
    });
    expect(answer.status, JSON.stringify(answer.body)).toBe(202);
    // What others took meanwhile need not be taken again.
    const claimed = Math.min(leg.suspense, reversal.amount);
    leg.suspense -= claimed;
    books.sellers[leg.seller]!.net += claimed;
    reversal.amount -= claimed;
    reversal.state = 'open';
    if (reversal.amount === 0) leg.reversals = leg.reversals.filter((one) => one !== reversal);
  });
}

export async function resolveReversal(
  life: Life,
  books: Books,
  { order, leg, reversal }: Found,
  resolution: 'settled_outside' | 'written_off',
): Promise<void> {
  await life.within(books, 'none', async () => {
    const row = await life.reversalOf(order, leg, 'permanently_failed', reversal.amount);
    const answer = await life.world.post(life.shop.admin, `/admin/reversals/${row.id}/resolve`, {
      resolution,
      reason: 'the model says so',
    });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    const seller = books.sellers[leg.seller]!;
    reversal.state = resolution;
    if (resolution === 'settled_outside') {
      seller.net += reversal.amount;
      books.paidOutside += reversal.amount;
      return;
    }
    const debt = Math.min(reversal.amount, Math.max(-seller.net, 0));
    seller.net += debt;
    seller.writtenOff += reversal.amount - debt;
    books.losses += reversal.amount;
  });
}

/** An operator is impatient while Stripe is down: nothing changes by that. */
export async function retryTransfer(
  life: Life,
  books: Books,
  { order, leg }: { order: Order; leg: Leg },
): Promise<void> {
  const row = await life.transferOf(order, leg);
  await life.within(books, 'none', async () => {
    const answer = await life.world.post(life.shop.admin, `/admin/transfers/${row.id}/retry`, {
      reason: 'the model says so',
    });
    expect([202, 400, 409], JSON.stringify(answer.body)).toContain(answer.status);
  });
}
