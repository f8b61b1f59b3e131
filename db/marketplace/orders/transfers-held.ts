import { eq } from 'drizzle-orm';
import type { Tx } from '../../client.ts';
import type { Dispute } from '../disputes/schema.ts';
import { transferLabel, type TransferWork } from '../labels.ts';
import { sellerTransfers } from '../transfers/schema.ts';

/** Unsent transfers of the order look again at once, whether the dispute let them go or took from them. */
export async function transfersHeldByDispute(
  tx: Tx,
  orderId: string,
  { status }: Pick<Dispute, 'status'>,
): Promise<TransferWork[]> {
  if (status === 'open') return [];
  const rows = await tx.select().from(sellerTransfers).where(eq(sellerTransfers.orderId, orderId));
  return rows.filter((row) => row.waitingFor === 'dispute').map(transferLabel);
}
