import { type SQL, sql } from 'drizzle-orm';
import type { Phase } from '../../domain/reconcile/reconcile.ts';
import type { Db } from '../client.ts';
import { readClock, writePlatformSetting } from '../kernel/index.ts';
import { RECENT_DISPUTES } from './sweep.ts';

const TABLES: Readonly<
  Record<Exclude<Phase, 'lost_work' | 'ended_orders' | 'outside' | 'overdue_subscriptions'>, readonly SQL[]>
> = {
  stuck_orders: [sql`orders`],
  stuck_refunds: [sql`refunds`],
  orphan_refunds: [sql`refunds`],
  // Both have payments at the PSP, whose ids are the rows'.
  stuck_invoices: [sql`invoice_payments`, sql`card_setups`],
  inbox: [sql`webhook_events`],
};
const WORK_TABLES: Readonly<Record<string, SQL>> = {
  order: sql`orders`,
  refund: sql`refunds`,
  transfer: sql`seller_transfers`,
  reversal: sql`transfer_reversals`,
  payout: sql`seller_payouts`,
  subscription: sql`subscriptions`,
};

/** Puts the rows of a batch at the end of the queue, whatever the looks find. By the database's clock. */
export async function markLooked(db: Db, phase: Phase, refs: readonly string[]): Promise<void> {
  const stamp = (table: SQL, column: SQL, ids: readonly string[]) =>
    db.execute(
      sql`UPDATE ${table} SET ${column} = clock_timestamp() WHERE id IN (${sql.join(
        ids.map((id) => sql`${id}::uuid`),
        sql`, `,
      )})`,
    );
  if (refs.length === 0) return;
  const idsOf = (kind: string) =>
    refs.flatMap((ref) => (ref.startsWith(`${kind}/`) ? [ref.slice(kind.length + 1)] : []));
  if (phase === 'outside') {
    const [ordersOfThem, attemptsOfThem, disputesOfThem] = [
      idsOf('order'),
      idsOf('attempt'),
      idsOf('dispute'),
    ];
    if (ordersOfThem.length > 0) await stamp(sql`orders`, sql`outside_checked_at`, ordersOfThem);
    if (attemptsOfThem.length > 0)
      await stamp(sql`invoice_payments`, sql`outside_checked_at`, attemptsOfThem);
    if (disputesOfThem.length > 0) await stamp(sql`disputes`, sql`reconcile_checked_at`, disputesOfThem);
    if (refs.includes(RECENT_DISPUTES))
      await writePlatformSetting(db, 'disputes_listed_at', await readClock(db));
    return;
  }
  if (phase === 'ended_orders') {
    const attempts = idsOf('attempt');
    const orders = refs.filter((ref) => !ref.startsWith('attempt/'));
    if (attempts.length > 0) await stamp(sql`invoice_payments`, sql`reconcile_checked_at`, attempts);
    if (orders.length > 0) await stamp(sql`orders`, sql`reconcile_checked_at`, orders);
    return;
  }
  if (phase !== 'lost_work' && phase !== 'overdue_subscriptions') {
    for (const table of TABLES[phase]) await stamp(table, sql`reconcile_checked_at`, refs);
    return;
  }
  for (const [kind, table] of Object.entries(WORK_TABLES)) {
    const ids = idsOf(kind);
    if (ids.length > 0) await stamp(table, sql`work_checked_at`, ids);
  }
}
