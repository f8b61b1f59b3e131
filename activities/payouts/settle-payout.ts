import { settlePayout } from '../../db/payouts/settle.ts';
import type { PayoutDeps } from './deps.ts';

/** Books a report, and wakes the reversals that it brings money for. Repeatable. */
export function payoutSettlement({ db, engine, log }: PayoutDeps) {
  return async function settle(payoutId: string, word: Parameters<typeof settlePayout>[2]) {
    const settled = await settlePayout(db, payoutId, word);
    for (const reversal of settled.funded) await engine.retryReversal(reversal);
    log.info({ payoutId, word, status: settled.payout.status }, 'payout settled');
    return settled;
  };
}
