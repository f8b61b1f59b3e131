import { activityInfo, Context } from '@temporalio/activity';
import {
  countTransfersWithoutId,
  listTransfersWithoutId,
  readSentTransfer,
  type SentTransfer,
} from '../../db/marketplace/transfers/without-id.ts';
import {
  backfillTransferId,
  fitting,
  flagTransferWithoutId,
  type ListedTransfer,
} from '../../db/marketplace/transfers/backfill-id.ts';
import { raiseFlag, takeSlot } from '../../db/kernel/index.ts';
import type { BackfillFinding, BackfillOutcome } from '../../domain/marketplace/backfill.ts';
import type { TransfersOf } from '../../providers/stripe/client.ts';
import type { MarketplaceDeps } from './deps.ts';
import { whileHeartbeating, notServedHere, retryLater } from '../kernel/index.ts';
import { directCallsPerSecond } from './stripe-pace.ts';

/** How soon a look-up that found no free slot asks for one again. */
const TURN_WAIT_MS = 50;

/** An older system's clock and Stripe's may differ, and a seller may have been paid weeks after the sale. */
const BEFORE_SALE_MS = 24 * 60 * 60 * 1000;
const AFTER_SALE_MS = 35 * 24 * 60 * 60 * 1000;

function aroundSale({ transfer, soldAt }: SentTransfer, destination: string): TransfersOf {
  const soldAtMs = soldAt.getTime();
  const lastKnownMs = Math.max(soldAtMs, transfer.completedAt?.getTime() ?? 0);
  return {
    destination,
    createdFromMs: soldAtMs - BEFORE_SALE_MS,
    createdToMs: lastKnownMs + AFTER_SALE_MS,
  };
}

export function createBackfillActivities({ db, stripe, settings, log }: MarketplaceDeps) {
  const { transfer: policy } = settings;

  /** Waits for a free call within the shared limit; first attempts of reversals use the same lane. */
  async function takeTurn(): Promise<void> {
    const perSecond = directCallsPerSecond(settings.stripeMaxRps);
    while (!(await takeSlot(db, 'stripe', { perSecond, burst: 1 }))) {
      await Context.current().sleep(TURN_WAIT_MS);
    }
  }

  async function report(finding: BackfillFinding, dryRun: boolean): Promise<BackfillFinding> {
    if (!dryRun) await flagTransferWithoutId(db, finding);
    return finding;
  }

  /**
   * All transfers that Stripe lists, or its message where it refuses. Throws, and is repeated, where the list cannot
   * be read now.
   */
  async function list(
    of: TransfersOf,
    dryRun: boolean,
  ): Promise<ListedTransfer[] | { readonly refused: string }> {
    await takeTurn();
    const listed = await stripe.listTransfers(of);
    if (listed.kind === 'transfers') return listed.transfers;
    if (listed.kind === 'refused') return { refused: listed.message };
    if (listed.kind === 'unauthorized' && !dryRun) {
      await raiseFlag(db, 'stripe_refuses_our_key', 'stripe', listed.message);
    }
    const retryAfterMs = listed.kind === 'rate_limited' ? listed.retryAfterMs : undefined;
    throw retryLater('stripe_unreadable', "Stripe's list cannot be read", policy, retryAfterMs);
  }

  async function matchOne(transferId: string, dryRun: boolean): Promise<BackfillOutcome> {
    const sent = await readSentTransfer(db, transferId);
    if (sent === null) throw new Error(`there is no transfer ${transferId}`);
    const { transfer, destination } = sent;
    // An earlier attempt of this batch wrote the id, and its worker died before it could say so.
    if (transfer.stripeTransferId) return { stripeTransferId: transfer.stripeTransferId };
    const finding = { transferId, orderId: transfer.orderId };
    if (!destination) {
      const detail = 'neither the transfer nor its seller names a Stripe account';
      return report({ ...finding, why: 'none', detail }, dryRun);
    }
    const grouped = await list({ destination, orderId: transfer.orderId }, dryRun);
    const isThere = Array.isArray(grouped) && fitting(transfer, grouped).length > 0;
    // Older systems set no group: the metadata of their transfers names the order.
    const listed = isThere ? grouped : await list(aroundSale(sent, destination), dryRun);
    if (!Array.isArray(listed))
      return report({ ...finding, why: 'unreadable', detail: listed.refused }, dryRun);
    return backfillTransferId(db, transferId, { destination, listed }, { dryRun });
  }

  return {
    countTransfersWithoutId: () => countTransfersWithoutId(db),

    listTransfersWithoutId: (ask: { readonly afterId: string | null; readonly limit: number }) =>
      listTransfersWithoutId(db, ask),

    /** Looks each of these up at Stripe, in turn. A new attempt goes on from the last heartbeat of the one before. */
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
