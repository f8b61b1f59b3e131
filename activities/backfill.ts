import { activityInfo, Context } from '@temporalio/activity';
import {
  countTransfersWithoutId,
  listTransfersWithoutId,
  readSentTransfer,
} from '../db/queries/transfers-without-id.ts';
import { backfillTransferId, flagTransferWithoutId } from '../db/verbs/backfill-transfer-id.ts';
import { raiseFlag } from '../db/verbs/raise-flag.ts';
import { takeSlot } from '../db/verbs/take-slot.ts';
import type { BackfillFinding, BackfillOutcome } from '../domain/backfill.ts';
import type { Deps } from './deps.ts';
import { whileHeartbeating } from './heartbeat.ts';
import { notServedHere, retryLater } from './retry-later.ts';
import { DIRECT_SHARE } from './reversals.ts';

/** How soon a look-up that found no free slot asks for one again. */
const TURN_WAIT_MS = 50;

export function createBackfillActivities({ db, stripe, settings, log }: Deps) {
  const { transfer: policy } = settings;

  /** Its calls come out of the same limit as all others; first attempts of reversals share this lane. */
  async function takeTurn(): Promise<void> {
    const perSecond = Math.max(settings.stripeMaxRps * DIRECT_SHARE, 1);
    while (!(await takeSlot(db, 'stripe', { perSecond, burst: 1 }))) {
      await Context.current().sleep(TURN_WAIT_MS);
    }
  }

  async function report(finding: BackfillFinding, dryRun: boolean): Promise<BackfillFinding> {
    if (!dryRun) await flagTransferWithoutId(db, finding);
    return finding;
  }

  async function matchOne(transferId: string, dryRun: boolean): Promise<BackfillOutcome> {
    const sent = await readSentTransfer(db, transferId);
    if (sent === null) throw new Error(`there is no transfer ${transferId}`);
    const { transfer, destination } = sent;
    // Written by an attempt of this batch whose worker died before it could say so.
    if (transfer.stripeTransferId) return { stripeTransferId: transfer.stripeTransferId };
    const finding = { transferId, orderId: transfer.orderId };
    if (!destination) {
      const detail = 'neither the transfer nor its seller names a Stripe account';
      return report({ ...finding, why: 'none', detail }, dryRun);
    }
    await takeTurn();
    const listed = await stripe.listTransfers({ destination, orderId: transfer.orderId });
    if (listed.kind === 'transfers') {
      return backfillTransferId(db, transferId, { destination, listed: listed.transfers }, { dryRun });
    }
    if (listed.kind === 'refused') {
      return report({ ...finding, why: 'unreadable', detail: listed.message }, dryRun);
    }
    if (listed.kind === 'unauthorized' && !dryRun) {
      await raiseFlag(db, 'stripe_refuses_our_key', 'stripe', listed.message);
    }
    const retryAfterMs = listed.kind === 'rate_limited' ? listed.retryAfterMs : undefined;
    throw retryLater('stripe_unreadable', "Stripe's list cannot be read", policy, retryAfterMs);
  }

  return {
    countTransfersWithoutId: () => countTransfersWithoutId(db),

    listTransfersWithoutId: (ask: { readonly afterId: string | null; readonly limit: number }) =>
      listTransfersWithoutId(db, ask),

    /** Looks each of these up at Stripe, in turn. An attempt goes on where the one before it is known to have been. */
    async matchTransferIds(ids: readonly string[], dryRun: boolean): Promise<BackfillOutcome[]> {
      if (!policy.enabled) throw notServedHere('TRANSFER_RETRY_WORKER_ENABLED', policy.intervalMs);
      const outcomes = [...((activityInfo().heartbeatDetails as BackfillOutcome[] | undefined) ?? [])];
      const { cancellationSignal, cancelled } = Context.current();
      await whileHeartbeating(
        async () => {
          for (const id of ids.slice(outcomes.length)) {
            if (cancellationSignal.aborted) await cancelled;
            outcomes.push(await matchOne(id, dryRun));
          }
        },
        () => outcomes,
      );
      log.info({ looked: outcomes.length, dryRun }, 'backfill: a batch of transfers was looked up');
      return outcomes;
    },
  };
}
