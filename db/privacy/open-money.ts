import { eq, type SQL, sql } from 'drizzle-orm';
import { DELETION_WAITS, type DeletionWait } from '../../domain/privacy/waits.ts';
import type { Db, Tx } from '../client.ts';
import type { OpenMoney } from '../kernel/index.ts';
import { LEDGER_OPEN_MONEY } from '../ledger/index.ts';
import { lastRefundDeadline, MARKETPLACE_OPEN_MONEY } from '../marketplace/index.ts';
import { PAYOUTS_OPEN_MONEY } from '../payouts/index.ts';
import { sellerAccounts } from '../sellers/index.ts';
import { SUBSCRIPTIONS_OPEN_MONEY } from '../subscriptions/index.ts';

const PARTS: readonly OpenMoney<DeletionWait>[] = [
  ...MARKETPLACE_OPEN_MONEY,
  ...PAYOUTS_OPEN_MONEY,
  ...SUBSCRIPTIONS_OPEN_MONEY,
  ...LEDGER_OPEN_MONEY,
];

/** For each word of what money of a person waits for, one row. */
const waitsOf = (person: SQL): SQL =>
  sql.join(
    PARTS.map(({ wait, rows }) => sql`SELECT ${wait}::text AS wait WHERE EXISTS (${rows(person)})`),
    sql` UNION `,
  );

/** How money of a person still moves now, in the order of DELETION_WAITS. */
export async function readOpenMoney(db: Db | Tx, userId: string): Promise<readonly DeletionWait[]> {
  const found = await db.execute<{ wait: DeletionWait }>(waitsOf(sql`${userId}::uuid`));
  const open = new Set(found.map(({ wait }) => wait));
  return DELETION_WAITS.filter((wait) => open.has(wait));
}

/** When the last right to a refund ends of whatever they bought or sold; null where there is none. */
export async function readLastRefundDeadline(db: Db | Tx, userId: string): Promise<Date | null> {
  const [found] = await db.execute<{ ms: number | null }>(
    sql`SELECT (extract(epoch FROM until) * 1000)::float8 AS ms FROM (${lastRefundDeadline(sql`${userId}::uuid`)}) AS last`,
  );
  const ms = found?.ms ?? null;
  return ms === null ? null : new Date(Math.ceil(ms));
}

/** Whether they have an account at Stripe, which is theirs to close. */
export async function hasStripeAccount(db: Db | Tx, userId: string): Promise<boolean> {
  const [found] = await db
    .select({ stripeAccountId: sellerAccounts.stripeAccountId })
    .from(sellerAccounts)
    .where(eq(sellerAccounts.userId, userId));
  return (found?.stripeAccountId ?? null) !== null;
}
