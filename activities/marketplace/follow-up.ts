import type { SettledRefund } from '../../db/marketplace/labels.ts';
import type { Engine } from '../../engine/port/index.ts';

/** An order may have a hundred sellers, and the activity that settles it has seconds. */
const STARTS_AT_A_TIME = 10;

/**
 * Starts what follows from a settlement: a workflow for each reversal, a look for each transfer that it changed, and one of the
 * subscription that it ended. The
 * reversals that a refund's own workflow opens are first asked for there (`take-back.ts`).
 */
export async function followUp(
  engine: Engine,
  { reversals, transfers, ended }: SettledRefund,
): Promise<void> {
  if (ended !== undefined) await engine.wakeSubscription(ended);
  await startAll(reversals, (reversal) => engine.startReversal(reversal));
  await startAll(transfers, (transfer) => engine.retryTransfer(transfer));
}

export async function startAll<Work>(
  works: readonly Work[],
  start: (work: Work) => Promise<void>,
): Promise<void> {
  for (let first = 0; first < works.length; first += STARTS_AT_A_TIME) {
    await Promise.all(works.slice(first, first + STARTS_AT_A_TIME).map(start));
  }
}
