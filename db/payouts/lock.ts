import { eq } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { type Payout, sellerPayouts } from './schema.ts';
import { MissingRow } from '../kernel/index.ts';

export async function lockPayout(tx: Tx, payoutId: string): Promise<Payout> {
  const [payout] = await tx
    .select()
    .from(sellerPayouts)
    .where(eq(sellerPayouts.id, payoutId))
    .for('no key update');
  if (payout === undefined) throw new MissingRow('payout', payoutId);
  return payout;
}
