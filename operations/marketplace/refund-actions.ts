import type { Tx } from '../../db/client.ts';
import {
  type EndedRefund,
  endHeldRefund,
  isHeldRefund,
  knownToPsp,
  lockNamedRefund,
  type Purchases,
  type Refund,
  refundLabel,
  requestRefundEnd,
  returnRefund,
  type TransferWork,
} from '../../db/marketplace/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { effectOf, sumMinor } from '../../domain/kernel/index.ts';
import { REFUND_ACTIONS, refundWorkflowId } from '../../domain/marketplace/index.ts';
import { dryRun, reasonOf } from '../acting.ts';
import type { OperationsDeps, OperationsSettings } from '../deps.ts';
import type { RowAction, Snapshot } from '../row-kind.ts';
import { moneyOf } from '../telling.ts';

/** Locks as the verbs after it do, so that between the two nothing changes. */
async function snapshot(tx: Tx, refundId: string, { purchases }: Pick<OperationsSettings, 'purchases'>) {
  const { refund } = await lockNamedRefund(tx, refundId, purchases);
  return { status: refund.status, money: moneyOf(refund) };
}

const nowOf = ({ id, status }: Refund) => ({ subject: refundWorkflowId(id), status });

interface HeldWork {
  readonly refundId: string;
  readonly label: ReturnType<typeof refundLabel>;
  readonly settled: EndedRefund['settled'];
}

/** The refund's workflow finds the row ended; follow-up work is started at once, even while the PSP cannot be read. */
async function tellEnded(
  { engine }: OperationsDeps,
  { refundId, label, settled }: HeldWork,
  status: 'succeeded' | 'failed',
): Promise<void> {
  for (const reversal of settled.reversals) await engine.startReversal(reversal);
  for (const transfer of settled.transfers) await engine.retryTransfer(transfer);
  if (settled.ended) await engine.wakeSubscription(settled.ended);
  await engine.notifyRefund(refundId, { status, providerRefundId: null, message: null }, label);
}

/** The work for a refund that the PSP may not have, or, after its end, for a held one. */
type EndWork = Pick<HeldWork, 'refundId' | 'label'> | HeldWork;

export const giveUpRefund: RowAction<Refund, EndWork> = {
  action: 'give_up',
  kind: 'refund',
  refusals: [
    'refund_not_found',
    'refund_not_open',
    'refund_not_held',
    'refund_known_to_psp',
    'psp_unreadable',
  ],
  snapshot,
  async act(tx, refundId, act, { purchases }) {
    if (await isHeldRefund(tx, refundId)) {
      const ask = { refundId, to: 'failed', ...act, reason: reasonOf(act) } as const;
      const { refund, settled } = await endHeldRefund(tx, ask, purchases);
      return { done: refund, now: nowOf(refund), work: { refundId, label: refundLabel(refund), settled } };
    }
    const refund = await requestRefundEnd(tx, { refundId, ...act, reason: reasonOf(act) }, purchases);
    return { done: refund, now: nowOf(refund), work: { refundId, label: refundLabel(refund) } };
  },
  async notify(deps, work) {
    if ('settled' in work) {
      await tellEnded(deps, work, 'failed');
      return null;
    }
    const { engine } = deps;
    const { refundId, label } = work;
    const looked = await engine.endRefundAsking(refundId, label);
    switch (looked.kind) {
      case 'missing':
        return {
          note: `The PSP does not know it. It is asked for no more; at ${looked.lookAgainAt} the PSP is looked at again, and if it still does not know it, it fails and the ${label.purchase.kind} is free.`,
        };
      case 'known':
        return { note: 'The PSP has it: it is kept, and the PSP’s word decides.' };
      case 'ended':
        return { note: `It is ${looked.status}.`, status: looked.status };
      case 'exists':
        throw knownToPsp('HE_01');
      case 'unreadable':
        throw new VezaError(
          'psp_unreadable',
          `The PSP cannot be asked whether it has the refund (${looked.reason}), so nothing was changed: it may have it.`,
        );
    }
  },
  describeEffect: (standing) => effectOf(REFUND_ACTIONS.give_up, standing),
};

export const settleRefundOutside: RowAction<Refund, HeldWork> = {
  action: 'settled_outside',
  kind: 'refund',
  refusals: ['refund_not_found', 'refund_not_open', 'refund_not_held'],
  snapshot,
  async act(tx, refundId, act, { purchases }) {
    const ask = { refundId, to: 'settled', ...act, reason: reasonOf(act) } as const;
    const { refund, settled } = await endHeldRefund(tx, ask, purchases);
    return { done: refund, now: nowOf(refund), work: { refundId, label: refundLabel(refund), settled } };
  },
  async notify(deps, work) {
    await tellEnded(deps, work, 'succeeded');
    return null;
  },
  describeEffect: (standing) => effectOf(REFUND_ACTIONS.settled_outside, standing),
};

export const markReturned: RowAction<Refund, readonly TransferWork[]> = {
  action: 'mark_returned',
  kind: 'refund',
  refusals: ['refund_not_found', 'refund_not_returnable'],
  /**
   * Sellers may get more than the refund's amount: a transfer that was never sent goes out with it. The larger amount
   * is decided on, as a dry run of the verb finds it.
   */
  async snapshot(tx, refundId, { purchases }): Promise<Snapshot> {
    const { status, money } = await snapshot(tx, refundId, { purchases });
    const resentMinor = await resentBy(tx, refundId, purchases);
    return { status, money: { ...money, amountMinor: Math.max(money.amountMinor, resentMinor) } };
  },
  async act(tx, refundId, act, { purchases }) {
    const ask = { refundId, ...act, reason: reasonOf(act) };
    const { refund, transfers } = await returnRefund(tx, ask, purchases);
    return { done: refund, now: nowOf(refund), work: transfers };
  },
  async notify({ engine }, transfers) {
    for (const transfer of transfers) await engine.retryTransfer(transfer);
    if (transfers.length === 0) return null;
    return { note: `${transfers.length} transfers to sellers were started again.` };
  },
  describeEffect: (standing) => effectOf(REFUND_ACTIONS.mark_returned, standing),
};

async function resentBy(tx: Tx, refundId: string, purchases: Purchases): Promise<number> {
  try {
    const { transfers } = await dryRun(tx, (inner) =>
      returnRefund(inner, { refundId, actor: 'system', reason: 'preview' }, purchases),
    );
    return sumMinor(transfers.map(({ amountMinor }) => amountMinor));
  } catch (error) {
    // A refused return sends nothing; `act` gives the reason.
    if (error instanceof VezaError) return 0;
    throw error;
  }
}
