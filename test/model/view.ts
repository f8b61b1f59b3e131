import { inArray } from 'drizzle-orm';
import { orders } from '../../db/marketplace/orders/schema.ts';
import { sellerBalances } from '../../db/ledger/schema.ts';
import type { World } from '../harness/world.ts';
import { type Books, refundedOf, statusOf } from './money.ts';

// The same picture twice: as the rows show it, and as the model foretells it.

const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, one) => total + one, 0);

export interface Picture {
  readonly orders: Record<string, unknown>;
  readonly sellers: Record<string, unknown>;
  /** The ledger's sums over these orders. */
  readonly ledger: Record<string, number>;
}

/** What rows and ledger must show. */
export function foretold(books: Books, sellerIds: readonly string[]): Picture {
  const legs = books.orders.flatMap((order) => order.legs);
  return {
    orders: Object.fromEntries(
      books.orders.map((order) => [
        order.id,
        {
          status: statusOf(order),
          captured: order.captured,
          refunded: refundedOf(order),
          refunds: order.refunds
            .map(({ kind, status, amount, excess }) => `${kind} ${status} ${amount} ${excess}`)
            .toSorted(),
          revoked: [...order.revoked].toSorted((a, b) => a - b),
          transfers: order.legs
            .toSorted((a, b) => a.seller - b.seller)
            .map(
              (leg) =>
                `${leg.seller}: ${leg.sent ? 'sent' : 'unsent'} ${leg.amount}${leg.asked ? ' asked' : ''}`,
            ),
          reversals: order.legs
            .filter((leg) => !books.sellers[leg.seller]!.murky)
            .flatMap((leg) => leg.reversals.map(({ state, amount }) => `${leg.seller}: ${state} ${amount}`))
            .toSorted(),
        },
      ]),
    ),
    sellers: Object.fromEntries(
      books.sellers.map(({ pending, net, payouts }, index) => [
        sellerIds[index]!,
        {
          pending,
          available: Math.max(net, 0),
          owed: Math.max(-net, 0),
          payingOut: 0,
          payouts: payouts.map(({ amount, back }) => `${back ? 'failed' : 'paid'} ${amount}`).toSorted(),
        },
      ]),
    ),
    ledger: {
      'platform:revenue': books.revenue,
      'platform:losses': books.losses,
      'suspense:order': sum(
        books.orders
          .filter((order) => order.failed)
          .map((order) => (order.captured ?? 0) - refundedOf(order)),
      ),
      'suspense:seller': sum(legs.map((leg) => leg.suspense)),
    },
  };
}

const REVERSAL_STATE: Readonly<Record<string, string>> = {
  pending: 'open',
  reversed: 'done',
  permanently_failed: 'failed',
};

interface OrderRow {
  id: string;
  refunds: string[] | null;
  revoked: number[] | null;
  transfers: { seller: string; sent: boolean; amount: number; asked: boolean }[] | null;
  reversals: { seller: string; status: string; amount: number; covered: number }[] | null;
}

/** What they do show. */
export async function seen(
  world: World,
  books: Books,
  orderIds: readonly string[],
  sellerIds: readonly string[],
): Promise<Picture> {
  const { db, sql } = world.database;
  if (orderIds.length === 0)
    return { orders: {}, sellers: await sellersSeen(world, sellerIds), ledger: EMPTY };
  const plain = await db
    .select()
    .from(orders)
    .where(inArray(orders.id, [...orderIds]));
  const rows = await sql<OrderRow[]>`
    SELECT o.id,
      (SELECT json_agg(concat_ws(' ', kind, status, amount_minor, excess_minor)) FROM refunds WHERE order_id = o.id) AS refunds,
      (SELECT json_agg(i.position ORDER BY i.position) FROM licenses l JOIN order_items i ON i.id = l.order_item_id
        WHERE i.order_id = o.id AND l.revoked_at IS NOT NULL) AS revoked,
      (SELECT json_agg(json_build_object('seller', seller_id, 'sent', completed_at IS NOT NULL,
        'amount', amount_minor, 'asked', asked_at IS NOT NULL) ORDER BY id) FROM seller_transfers WHERE order_id = o.id) AS transfers,
      (SELECT json_agg(json_build_object('seller', t.seller_id, 'status', r.status, 'amount', r.amount_minor - r.covered_minor))
        FROM transfer_reversals r JOIN seller_transfers t ON t.id = r.transfer_id
        WHERE t.order_id = o.id AND r.refund_id IS NOT NULL AND r.amount_minor > r.covered_minor
          AND NOT EXISTS (SELECT 1 FROM transfer_reversals n WHERE n.retry_of = r.id)) AS reversals
    FROM orders o WHERE o.id = ANY(${[...orderIds]})`;
  const place = (id: string) => sellerIds.indexOf(id);
  const byId = new Map(rows.map((row) => [row.id, row]));
  return {
    orders: Object.fromEntries(
      plain.map((order) => {
        const row = byId.get(order.id)!;
        return [
          order.id,
          {
            status: order.status,
            captured: order.capturedMinor,
            refunded: order.refundedMinor,
            refunds: (row.refunds ?? []).toSorted(),
            revoked: row.revoked ?? [],
            transfers: (row.transfers ?? [])
              .map((one) => ({ ...one, at: place(one.seller) }))
              .toSorted((a, b) => a.at - b.at)
              .map(
                ({ at, sent, amount, asked }) =>
                  `${at}: ${sent ? 'sent' : 'unsent'} ${amount}${asked ? ' asked' : ''}`,
              ),
            reversals: (row.reversals ?? [])
              .filter((one) => !books.sellers[place(one.seller)]!.murky)
              .map((one) => `${place(one.seller)}: ${REVERSAL_STATE[one.status] ?? one.status} ${one.amount}`)
              .toSorted(),
          },
        ];
      }),
    ),
    sellers: await sellersSeen(world, sellerIds),
    ledger: await ledgerSeen(world, orderIds),
  };
}

const EMPTY = { 'platform:revenue': 0, 'platform:losses': 0, 'suspense:order': 0, 'suspense:seller': 0 };

async function sellersSeen({ database: { db, sql } }: World, sellerIds: readonly string[]) {
  const rows = await db
    .select()
    .from(sellerBalances)
    .where(inArray(sellerBalances.sellerId, [...sellerIds]));
  const payouts = await sql<{ seller: string; payout: string }[]>`
    SELECT seller_id AS seller, concat_ws(' ', status, amount_minor) AS payout FROM seller_payouts
    WHERE seller_id = ANY(${[...sellerIds]})`;
  return Object.fromEntries(
    sellerIds.map((id) => {
      const row = rows.find((one) => one.sellerId === id);
      return [
        id,
        {
          pending: row?.pendingMinor ?? 0,
          available: row?.availableMinor ?? 0,
          owed: row?.owedMinor ?? 0,
          payingOut: row?.payingOutMinor ?? 0,
          payouts: payouts
            .filter((one) => one.seller === id)
            .map((one) => one.payout)
            .toSorted(),
        },
      ];
    }),
  );
}

async function ledgerSeen({ database: { sql } }: World, orderIds: readonly string[]) {
  const rows = await sql<{ account: string; minor: number }[]>`
    SELECT account, sum(amount_minor)::float8 AS minor FROM ledger_entries
    WHERE root_id = ANY(${[...orderIds]}) AND account = ANY(${Object.keys(EMPTY)}) GROUP BY account`;
  const signed = rows.map(({ account, minor }) => [
    account,
    account === 'platform:losses' ? minor : -minor || 0,
  ]);
  return { ...EMPTY, ...Object.fromEntries(signed) } as Record<string, number>;
}
