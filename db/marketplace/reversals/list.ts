import { and, eq } from 'drizzle-orm';
import type { ReversalStatus } from '../../../domain/marketplace/reversal-machine.ts';
import type { Db } from '../../client.ts';
import { sellerTransfers, transferReversals } from '../transfers/schema.ts';
import { keyset, type Page, type PageAsk, toPage } from '../../kernel/index.ts';

/** A reversal with fields of its transfer. */
export type ReversalRow = typeof transferReversals.$inferSelect & {
  readonly orderId: string;
  readonly sellerId: string;
  readonly currency: string;
};

const COLUMNS = {
  reversal: transferReversals,
  transfer: {
    orderId: sellerTransfers.orderId,
    sellerId: sellerTransfers.sellerId,
    currency: sellerTransfers.currency,
  },
};

/** Reads a reversal that surely exists. */
export async function readReversal(db: Db, reversalId: string): Promise<ReversalRow> {
  const [row] = await db
    .select(COLUMNS)
    .from(transferReversals)
    .innerJoin(sellerTransfers, eq(sellerTransfers.id, transferReversals.transferId))
    .where(eq(transferReversals.id, reversalId));
  if (row === undefined) throw new Error(`there is no reversal ${reversalId}`);
  return { ...row.reversal, ...row.transfer };
}

export interface ReversalFilter {
  readonly status?: ReversalStatus | undefined;
  readonly orderId?: string | undefined;
}

export async function listReversals(
  db: Db,
  { status, orderId }: ReversalFilter,
  ask: PageAsk,
): Promise<Page<ReversalRow>> {
  const { after, orderBy, limit } = keyset(
    transferReversals,
    transferReversals.createdAt,
    transferReversals.id,
    ask,
  );
  const rows = await db
    .select(COLUMNS)
    .from(transferReversals)
    .innerJoin(sellerTransfers, eq(sellerTransfers.id, transferReversals.transferId))
    .where(
      and(
        status === undefined ? undefined : eq(transferReversals.status, status),
        orderId === undefined ? undefined : eq(sellerTransfers.orderId, orderId),
        after,
      ),
    )
    .orderBy(...orderBy)
    .limit(limit);
  return toPage(
    rows.map(({ reversal, transfer }) => ({ ...reversal, ...transfer })),
    ask,
  );
}
