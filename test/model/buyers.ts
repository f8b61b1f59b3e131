import { expect, vi } from 'vitest';
import { placedOrder } from '../harness/stories.ts';
import type { Person } from '../harness/world.ts';
import {
  type Books,
  doneAs,
  holdLate,
  isAtRest,
  leftOf,
  type Order,
  type Refund,
  share,
  statusOf,
  succeed,
  takeBack,
  totalLeft,
} from './money.ts';
import { feeOf, type Life, PRODUCTS } from './run.ts';
import type { Trouble } from './troubles.ts';

// What buyers, sellers and admins do, and what is done in the PSP's dashboard.

export const ORDERS_MAX = 4;

export const PAYMENTS = ['as ordered', 'other card', 'other amount', 'late', 'never'] as const;
export type Payment = (typeof PAYMENTS)[number];

export async function purchase(
  life: Life,
  books: Books,
  how: { readonly products: readonly number[]; readonly payment: Payment; readonly trouble: Trouble },
): Promise<void> {
  const { control } = life.world.psp;
  const bought = how.products.map((product) => PRODUCTS[product]!);
  const total = bought.reduce((sum, { price }) => sum + price, 0);
  await life.within(books, how.trouble, async () => {
    const id = await placedOrder(
      life.world,
      life.shop.buyer,
      how.products.map((product) => life.products[product]!),
    );
    const rows = await life.itemsOf(id);
    const items = bought.map(({ seller, price }, place) => {
      expect(rows[place]).toMatchObject({ sellerId: life.sellerIds[seller], amountMinor: price });
      return { id: rows[place]!.id, seller, netMinor: price - feeOf(price), feeMinor: feeOf(price) };
    });
    // Declined at first: whether or not that is heard, and when, the order is as good as any.
    if (how.payment === 'other card') control.fail(id, 'Your card was declined.', { mayRetry: true });
    if (how.payment === 'late' || how.payment === 'never') {
      control.fail(id);
      await life.world.finished(`order/${id}`);
    }
    const received = how.payment === 'other amount' ? total + 1 : total;
    if (how.payment !== 'never') control.pay(id, { amountReceivedMinor: received });
    const failed = how.payment !== 'as ordered' && how.payment !== 'other card';
    const order: Order = {
      id,
      items,
      captured: how.payment === 'never' ? null : received,
      failed,
      cancelled: false,
      refunds: [],
      dispute: null,
      disputes: 0,
      freed: null,
      wonBack: false,
      legs: [],
      revoked: new Set(),
    };
    books.orders.push(order);
    if (failed) {
      if (order.captured !== null) givenBack(books, order, order.captured);
      return;
    }
    books.revenue += items.reduce((sum, { feeMinor }) => sum + feeMinor, 0);
    for (const seller of [0, 1]) {
      const own = items.filter((item) => item.seller === seller);
      const amount = own.reduce((sum, { netMinor }) => sum + netMinor, 0);
      if (amount === 0) continue;
      order.legs.push({
        seller,
        amount,
        asked: false,
        sent: false,
        inFlight: [],
        suspense: 0,
        takenByOthers: 0,
        reversals: [],
      });
      books.sellers[seller]!.pending += amount;
    }
  });
}

function givenBack(books: Books, order: Order, amount: number): void {
  const refund = newRefund('payment_returned', 'given back', amount, { atPsp: true });
  order.refunds.push(refund);
  succeed(books, order, refund);
}

const newRefund = (
  kind: Refund['kind'],
  id: string,
  amount: number,
  { atPsp, byItems = false }: { atPsp: boolean; byItems?: boolean },
): Refund => ({ id, kind, amount, byItems, atPsp, excess: 0, status: 'pending', shares: new Map() });

export interface RefundAsk {
  readonly who: 'buyer' | 'admin' | 'seller 0' | 'seller 1';
  readonly what: 'all' | 'amount' | 'item';
  readonly pick: number;
  readonly outcome: 'succeeds' | 'fails' | 'stays open';
  readonly trouble: Trouble;
}

/** Asks for a refund, also where it must be refused: with exactly this code. */
export async function requestRefund(life: Life, books: Books, order: Order, ask: RefundAsk): Promise<void> {
  const { control } = life.world.psp;
  const seller = ask.who === 'seller 0' ? 0 : ask.who === 'seller 1' ? 1 : null;
  const person: Person =
    seller === null ? (ask.who === 'admin' ? life.shop.admin : life.shop.buyer) : life.sellers[seller]!;
  const isWithin = (place: number) => seller === null || order.items[place]!.seller === seller;
  const within = order.items.map((_, place) => place).filter(isWithin);
  const left = leftOf(order);
  const item = within.length === 0 ? 0 : within[ask.pick % within.length]!;
  const isNamed = (place: number) => isWithin(place) && (ask.what !== 'item' || place === item);
  const leftMinor = totalLeft(left.filter((_, place) => isNamed(place)));
  const amount = ask.what === 'amount' ? 1 + (ask.pick % Math.max(leftMinor + 3, 1)) : leftMinor;
  const part =
    ask.what === 'all' ? {} : ask.what === 'amount' ? { amount } : { items: [order.items[item]!.id] };
  // An admin's is an operator's action.
  const body = ask.who === 'admin' ? { ...part, reason: 'the model says so' } : part;
  const refusal = refusalOf(order, seller, within.length, leftMinor, amount);
  await life.within(books, ask.trouble, async () => {
    const fault =
      ask.outcome === 'fails'
        ? control.addFault({ kind: 'refundOutcome', outcome: 'failed', where: { payment_id: order.id } })
        : null;
    control.setRefundMode(ask.outcome === 'stays open' ? 'manual' : 'auto');
    const answer = await life.world.post(person, `/marketplace/orders/${order.id}/refund`, body);
    const said = answer.status === 202 ? null : answer.body['code'];
    expect(said, JSON.stringify(answer.body)).toBe(refusal);
    if (refusal !== null) {
      if (fault !== null) control.clearFaults(fault);
      return;
    }
    const byItems = ask.what === 'item' || (ask.what === 'all' && within.length < order.items.length);
    const atPsp = pspTakes(order, amount);
    const refund = newRefund('requested', answer.body['refund']!['id']!, amount, { atPsp, byItems });
    refund.shares = share(amount, order.items, left, isNamed);
    order.refunds.push(refund);
    if (!atPsp || ask.outcome === 'fails') refund.status = 'failed';
    else if (ask.outcome === 'succeeds') succeed(books, order, refund);
    // The PSP has it: what the model does next is done to a refund that is there.
    if (ask.outcome === 'stays open' && atPsp) {
      await control.waitForRequest(
        ({ operation, outcome, body: asked }) =>
          operation === 'refunds.create' &&
          outcome !== 'open' &&
          (asked as { refund_id?: string }).refund_id === refund.id &&
          control.refunds(order.id).some((one) => one.refund_id === refund.id),
      );
    }
    if (fault !== null && !atPsp) control.clearFaults(fault);
  });
  control.setRefundMode('auto');
}

function refusalOf(
  order: Order,
  seller: number | null,
  items: number,
  left: number,
  amount: number,
): string | null {
  if (seller !== null && items === 0) return 'order_not_found';
  const status = statusOf(order);
  if (status === 'refund_pending') return 'refund_already_requested';
  if (status !== 'completed' && status !== 'partially_refunded') return 'order_not_refundable';
  if (order.dispute !== null) return 'order_disputed';
  if (left === 0) return 'order_not_refundable';
  return amount > left ? 'refund_amount_invalid' : null;
}

/** The PSP refuses what is beyond the payment by its own books, and more than eleven. */
function pspTakes(order: Order, amount: number): boolean {
  const known = order.refunds.filter((refund) => refund.atPsp);
  const reserved = known.reduce((sum, { status, amount: one }) => sum + (status === 'failed' ? 0 : one), 0);
  return !order.cancelled && reserved + amount <= (order.captured ?? 0) && known.length <= 10;
}

/** The PSP decides an open refund, or changes its mind about one that had failed. */
export async function decide(
  life: Life,
  books: Books,
  order: Order,
  refund: Refund,
  how: { readonly status: 'succeeded' | 'failed'; readonly trouble: Trouble; readonly doneMinor?: number },
): Promise<void> {
  await life.within(books, how.trouble, async () => {
    const { doneMinor: amountMinor } = how;
    life.world.psp.control.settleRefund(refund.id, how.status, undefined, {
      ...(amountMinor !== undefined && { amountMinor }),
    });
    if (how.status === 'failed') {
      refund.status = 'failed';
      return;
    }
    if (amountMinor !== undefined && amountMinor !== refund.amount) {
      doneAs(order, refund, amountMinor);
    } else if (refund.status === 'failed') {
      const named = refund.byItems ? new Set(refund.shares.keys()) : new Set<number>();
      refund.shares = new Map();
      holdLate(order, refund, named);
    }
    succeed(books, order, refund);
  });
}

export async function external(
  life: Life,
  books: Books,
  order: Order,
  how: { readonly amount: number; readonly trouble: Trouble },
): Promise<void> {
  await life.within(books, how.trouble, async () => {
    const { refund_id: id } = life.world.psp.control.createExternalRefund(order.id, how.amount);
    const refund = newRefund('external', id, how.amount, { atPsp: true });
    holdLate(order, refund);
    order.refunds.push(refund);
    succeed(books, order, refund);
  });
}

/** All that the PSP still had of a payment; nothing where no refund of ours could be asked for. */
export function refundableUnheard(order: Order): number {
  const reserved = order.refunds
    .filter(({ atPsp, status }) => atPsp && status !== 'failed')
    .reduce((sum, { amount }) => sum + amount, 0);
  const isAsked = refusalOf(order, null, order.items.length, totalLeft(leftOf(order)), 1) === null;
  return isAsked && !order.cancelled ? (order.captured ?? 0) - reserved : 0;
}

/** Given back in the dashboard, and nobody is told; a refund of ours is then refused, by which it is found. */
export async function externalUnheard(
  life: Life,
  books: Books,
  order: Order,
  how: { readonly trouble: Trouble },
): Promise<void> {
  const amount = refundableUnheard(order);
  await life.within(books, how.trouble, async () => {
    const { refund_id: id } = life.world.psp.control.createExternalRefund(order.id, amount, {
      webhook: false,
    });
    const path = `/marketplace/orders/${order.id}/refund` as const;
    const answer = await life.world.post(life.shop.buyer, path, { amount: 1 });
    expect(answer.status, JSON.stringify(answer.body)).toBe(202);
    const asked = newRefund('requested', answer.body['refund']!['id']!, 1, { atPsp: false });
    asked.shares = share(1, order.items, leftOf(order), () => true);
    order.refunds.push(asked);
    const refund = newRefund('external', id, amount, { atPsp: true });
    holdLate(order, refund);
    order.refunds.push(refund);
    succeed(books, order, refund);
    asked.status = 'failed';
  });
}

export async function cancelAfterCapture(life: Life, books: Books, order: Order): Promise<void> {
  const amount =
    (order.captured ?? 0) -
    order.refunds
      .filter(({ status }) => status === 'succeeded')
      .reduce((sum, one) => sum + one.amount - one.excess, 0);
  await life.within(books, 'none', async () => {
    life.world.psp.control.cancelPostCapture(order.id);
    order.cancelled = true;
    if (amount === 0) return;
    const refund = newRefund('external', `cancelled:${order.id}`, amount, { atPsp: false });
    holdLate(order, refund);
    order.refunds.push(refund);
    succeed(books, order, refund);
  });
}

export async function openDispute(
  life: Life,
  books: Books,
  order: Order,
  how: { readonly amount: number; readonly trouble: Trouble },
): Promise<void> {
  await life.within(books, how.trouble, async () => {
    const { dispute_id: id } = life.world.psp.control.openDispute(order.id, how.amount);
    order.dispute = { id, amount: how.amount };
    order.disputes += 1;
    await disputeIs(life, id, 'open', how.trouble === 'hookLost');
  });
}

export async function closeDispute(
  life: Life,
  books: Books,
  order: Order,
  how: { readonly end: 'won' | 'lost' | 'cancelled'; readonly trouble: Trouble },
): Promise<void> {
  const { dispute } = order;
  if (dispute === null) return;
  await life.within(books, how.trouble, async () => {
    life.world.psp.control.closeDispute(dispute.id, how.end, { webhook: !dispute.reopened });
    // The router sends no second webhook of a kind: this one says what it would.
    if (dispute.reopened) await tell(life, dispute.id);
    order.dispute = null;
    order.freed = how.end === 'lost' ? null : { id: dispute.id, amount: dispute.amount };
    if (how.end === 'lost') {
      const refund = newRefund('dispute', dispute.id, dispute.amount, { atPsp: false });
      holdLate(order, refund);
      order.refunds.push(refund);
      succeed(books, order, refund);
    }
    await disputeIs(life, dispute.id, how.end, how.trouble === 'hookLost');
  });
}

/** A dispute that was over goes on at the next stage, and blocks again. */
export async function reopenDispute(life: Life, books: Books, order: Order): Promise<void> {
  const { freed } = order;
  if (freed === null) return;
  await life.within(books, 'none', async () => {
    life.world.psp.control.turnDispute(freed.id, { stage: 'pre_arbitration', status: 'opened' });
    await tell(life, freed.id);
    order.dispute = { ...freed, reopened: true };
    order.freed = null;
    await disputeIs(life, freed.id, 'open', false);
  });
}

export const lostDispute = (order: Order): Refund | undefined =>
  isAtRest(order)
    ? order.refunds.find(
        ({ kind, status, excess }) => kind === 'dispute' && status === 'succeeded' && excess === 0,
      )
    : undefined;

/** What was lost is won, at a later stage: its money is back. */
export async function winBack(
  life: Life,
  books: Books,
  order: Order,
  how: { readonly end: 'won' | 'cancelled' },
): Promise<void> {
  const refund = lostDispute(order)!;
  await life.within(books, 'none', async () => {
    life.world.psp.control.turnDispute(
      refund.id,
      { stage: 'arbitration', status: how.end },
      { webhook: false },
    );
    await tell(life, refund.id);
    takeBack(books, order, refund);
    await disputeIs(life, refund.id, how.end, false);
  });
}

async function tell({ world }: Life, disputeId: string): Promise<void> {
  const object = world.psp.control.dispute(disputeId);
  const content = { type: 'dispute_details', object };
  const timestamp = new Date().toISOString();
  const event = { event_type: object.dispute_status, content, timestamp };
  const { status } = await world.psp.control.sendWebhook(JSON.stringify(event));
  expect(status).toBe(200);
}

/** Only this row shows it at first: the next command must not overtake it. */
async function disputeIs({ world }: Life, id: string, status: string, redelivering: boolean): Promise<void> {
  await vi.waitFor(
    async () => {
      await world.psp.control.idle();
      if (redelivering) await world.psp.control.flush(({ state }) => state === 'lost');
      const rows = await world.database.sql<{ status: string }[]>`
        SELECT status FROM disputes WHERE provider_dispute_id = ${id}`;
      expect(rows.map((row) => row.status)).toEqual([status]);
    },
    { timeout: 60_000, interval: 20 },
  );
}

export const someAmount = (order: Order, pick: number) => 1 + (pick % ((order.captured ?? 0) + 20));
