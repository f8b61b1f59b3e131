import { eq } from 'drizzle-orm';
import type { Db, Tx } from '../../client.ts';
import { type Transfer, sellerTransfers } from './schema.ts';

/** A transfer and the rows that it replaced, newest first, as they are now. */
export async function readTransferChain(db: Db | Tx, transfer: Transfer): Promise<Transfer[]> {
  const chain: Transfer[] = [];
  for (let next: string | null = transfer.id; next !== null;) {
    const [row]: Transfer[] = await db.select().from(sellerTransfers).where(eq(sellerTransfers.id, next));
    if (row === undefined) break;
    chain.push(row);
    next = row.retryOf;
  }
  return chain;
}
