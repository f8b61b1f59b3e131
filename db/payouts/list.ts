import { and, eq } from 'drizzle-orm';
import type { PayoutStatus } from '../../domain/payouts/payout-machine.ts';
import type { Db } from '../client.ts';
import { sellerPayouts } from './schema.ts';
import { keyset, type Page, type PageAsk, toPage } from '../kernel/index.ts';

export type PayoutRow = typeof sellerPayouts.$inferSelect;

export interface PayoutFilter {
  readonly sellerId?: string | undefined;
  readonly status?: PayoutStatus | undefined;
}

export async function readPayout(db: Db, payoutId: string): Promise<PayoutRow | null> {
  const [row] = await db.select().from(sellerPayouts).where(eq(sellerPayouts.id, payoutId));
  return row ?? null;
}

export async function listPayouts(
  db: Db,
  { sellerId, status }: PayoutFilter,
  ask: PageAsk,
): Promise<Page<PayoutRow>> {
  const { after, orderBy, limit } = keyset(sellerPayouts, sellerPayouts.createdAt, sellerPayouts.id, ask);
  const rows = await db
    .select()
    .from(sellerPayouts)
    .where(
      and(
        sellerId === undefined ? undefined : eq(sellerPayouts.sellerId, sellerId),
        status === undefined ? undefined : eq(sellerPayouts.status, status),
        after,
      ),
    )
    .orderBy(...orderBy)
    .limit(limit);
  return toPage(rows, ask);
}
