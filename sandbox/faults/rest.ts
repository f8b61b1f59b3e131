import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseWithSql } from '../database.ts';
import { type BillingTime, billingMs } from '../../domain/subscriptions/billing-time.ts';
import { type Books, compareDisputes, payoutsToHearOf, readDisputes } from './books.ts';
import { unheardAttempts } from './invoices.ts';
import { isOpen } from './payments.ts';

/** What moves by itself, without any webhook or sale; how many of each. */
export interface Moving {
  readonly asking: number;
  readonly transfers: number;
  readonly reversals: number;
  /** Asked for, and not at Stripe yet. */
  readonly payouts: number;
  /** Subscriptions for which something is due. */
  readonly subscriptions: number;
}

const REAL_TIME: BillingTime = { scale: 1, startMs: 0 };
const LOOK_EVERY_MS = 500;
/** A worker that was just killed is back, and has its workflows again, within this time. */
const QUIET_MS = 15_000;
/** A subscription whose next step is later than this sleeps. Real time. */
const DUE_SOON_MS = 45_000;

async function moving({ sql }: Pick<DatabaseWithSql, 'sql'>, time: BillingTime): Promise<Moving> {
  const soon = new Date(billingMs(time, Date.now() + DUE_SOON_MS)).toISOString();
  const [row] = await sql<Moving[]>`SELECT
    (SELECT count(*)::int FROM refunds WHERE status = 'pending' AND hyperswitch_refund_id IS NULL) AS asking,
    (SELECT count(*)::int FROM seller_transfers WHERE status IN ('pending', 'failed')
       AND waiting_for IS DISTINCT FROM 'dispute') AS transfers,
    (SELECT count(*)::int FROM transfer_reversals WHERE status = 'pending'
       AND waiting_for IS DISTINCT FROM 'seller_funds') AS reversals,
    (SELECT count(*)::int FROM seller_payouts WHERE status = 'pending' AND external_payout_id IS NULL) AS payouts,
    (SELECT count(*)::int FROM subscriptions WHERE next_due_at < ${soon} AND NOT EXISTS (
       SELECT 1 FROM invoice_payments a JOIN invoices i ON i.id = a.invoice_id
       WHERE i.subscription_id = subscriptions.id AND a.status = 'pending' AND a.provider_status IS NOT NULL)) AS subscriptions`;
  if (row === undefined) throw new Error('a count has no row');
  return row;
}

/**
 * Waits until only webhooks or a sweep can move anything and nothing has come for a while, so that a sweep's
 * notifications are applied. Returns what still moves after so long: lost work, a refund that nobody asks for.
 */
export async function comesToRest(
  { time = REAL_TIME, ...books }: Books & { readonly time?: BillingTime },
  withinMs: number,
  say: (moving: Moving) => void,
): Promise<Moving> {
  const endsAtMs = Date.now() + withinMs;
  let lastUnheard = -1;
  let sinceMs = Date.now();
  for (;;) {
    await Promise.all([books.psp.control.idle(), books.stripe.control.idle()]);
    const left = await unheard(books);
    if (left !== lastUnheard) sinceMs = Date.now();
    lastUnheard = left;
    const seen = await moving(books.database, time);
    const isAtWork = Object.values(seen).some((count) => count > 0);
    const isQuiet = left === 0 || Date.now() - sinceMs >= QUIET_MS;
    if ((!isAtWork && isQuiet) || Date.now() > endsAtMs) return seen;
    if (isAtWork) say(seen);
    await sleep(LOOK_EVERY_MS);
  }
}

/** Rows that wait for a report that the PSP has sent already: each of those webhooks was lost. */
export async function unheard(books: Books): Promise<number> {
  const { sql } = books.database;
  const { control } = books.psp;
  const pendingOrders = await sql<{ id: string }[]>`SELECT id FROM orders WHERE status = 'pending'`;
  const pendingRefunds = await sql<{ id: string }[]>`SELECT id FROM refunds WHERE status = 'pending'`;
  const decided = pendingOrders.filter(({ id }) => control.hasPayment(id) && !isOpen(control.payment(id)));
  const disputes = compareDisputes(await readDisputes(books), control.disputes());
  const attempts = await unheardAttempts(books.database, control);
  return decided.length + pendingRefunds.length + disputes.length + attempts;
}

/**
 * Asks Stripe at once about payouts that ended there while their webhook was lost, as an operator does: their workflows
 * look by themselves too, but after hours only. Ids that are still pending after so long are returned.
 */
export async function hearOfPayouts(
  books: Books,
  withinMs: number,
  wake: (payoutId: string) => Promise<void>,
): Promise<readonly string[]> {
  const endsAtMs = Date.now() + withinMs;
  const woken = new Set<string>();
  for (;;) {
    const left = await payoutsToHearOf(books);
    if (left.length === 0 || Date.now() > endsAtMs) return left;
    for (const id of left.filter((payoutId) => !woken.has(payoutId))) {
      await wake(id);
      woken.add(id);
    }
    await sleep(LOOK_EVERY_MS);
  }
}
