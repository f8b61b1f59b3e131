import type { SettledRefund } from '../db/verbs/settle-shares.ts';
import type { Engine } from '../engine/index.ts';

/** Starts what a settlement calls for: a workflow for each reversal, and a look for transfers that it changed. */
export async function followUp(engine: Engine, { reversals, transfers }: SettledRefund): Promise<void> {
  for (const reversal of reversals) await engine.startReversal(reversal);
  for (const transfer of transfers) await engine.retryTransfer(transfer);
}
