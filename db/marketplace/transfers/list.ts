import { and, eq } from 'drizzle-orm';
import type { TransferStatus } from '../../../domain/marketplace/transfer-machine.ts';
import type { Db } from '../../client.ts';
import { sellerTransfers } from './schema.ts';
import { keyset, type Page, type PageAsk, toPage } from '../../kernel/index.ts';

export type TransferRow = typeof sellerTransfers.$inferSelect;

export interface TransferFilter {
  readonly status?: TransferStatus | undefined;
  readonly orderId?: string | undefined;
}

export async function listTransfers(
  db: Db,
  { status, orderId }: TransferFilter,
  ask: PageAsk,
): Promise<Page<TransferRow>> {
  const { after, orderBy, limit } = keyset(
    sellerTransfers,
    sellerTransfers.createdAt,
    sellerTransfers.id,
    ask,
  );
  const rows = await db
    .select()
    .from(sellerTransfers)
    .where(
      and(
        status === undefined ? undefined : eq(sellerTransfers.status, status),
        orderId === undefined ? undefined : eq(sellerTransfers.orderId, orderId),
        after,
      ),
    )
    .orderBy(...orderBy)
    .limit(limit);
  return toPage(rows, ask);
}
