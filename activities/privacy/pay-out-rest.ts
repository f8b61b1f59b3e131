import { v5 as uuidv5 } from 'uuid';
import { keepAsk, takeAsk } from '../../db/kernel/index.ts';
import { readPayingSeller } from '../../db/payouts/index.ts';
import { type AskedPayout, decidePayout } from '../../domain/payouts/index.ts';
import type { DeletionDeps } from './deps.ts';

/**
 * Pays out what is left of a leaver's balances, as if they had asked for it. False where some of it cannot be paid out.
 * Repeatable: each currency has one payout a deletion.
 */
export async function payOutRest(
  { db, engine, settings }: Pick<DeletionDeps, 'db' | 'engine' | 'settings'>,
  { deletionId, userId }: { readonly deletionId: string; readonly userId: string },
): Promise<boolean> {
  const seller = await readPayingSeller(db, userId);
  if (seller === null) return false;
  let isPaid = true;
  for (const { currency, availableMinor } of seller.funds) {
    if (availableMinor === 0) continue;
    const decision = decidePayout(seller, { currency }, { minimumMinor: settings.payoutMinimumMinor });
    if ('refusal' in decision) {
      isPaid = false;
      continue;
    }
    const payoutId = uuidv5(currency, deletionId);
    await keepAsk<AskedPayout>(db, payoutId, { kind: 'payout', sellerId: userId, currency });
    const opening = await engine.requestPayout({ payoutId }, { sellerId: userId, ...decision });
    if (!('refused' in opening)) continue;
    await takeAsk(db, payoutId);
    isPaid = false;
  }
  return isPaid;
}
