import type { Tx } from '../../db/client.ts';
import { lockNamed } from '../../db/kernel/index.ts';
import {
  lockTransferOfOrder,
  requestTransferRetry,
  type Resolution,
  resolveTransfer,
  type Transfer,
  transferLabel,
  type TransferWork,
} from '../../db/marketplace/index.ts';
import { effectOf } from '../../domain/kernel/index.ts';
import { TRANSFER_ACTIONS, transferWorkflowId } from '../../domain/marketplace/index.ts';
import { reasonOf } from '../acting.ts';
import type { RowAction } from '../row-kind.ts';
import { moneyOf } from '../telling.ts';

/** Locks as the verbs after it do, so that between the two nothing changes. */
async function snapshot(tx: Tx, transferId: string) {
  const transfer = await lockNamed(tx, 'transfer', transferId, lockTransferOfOrder);
  return { status: transfer.status, money: moneyOf(transfer) };
}

const nowOf = ({ id, status }: Transfer) => ({ subject: transferWorkflowId(id), status });

export const retryTransfer: RowAction<Transfer, TransferWork> = {
  action: 'retry',
  kind: 'transfer',
  refusals: ['transfer_not_found', 'transfer_not_retryable'],
  snapshot,
  async act(tx, transferId, act) {
    const { transfer, work } = await requestTransferRetry(tx, { transferId, ...act });
    return { done: transfer, now: nowOf(transfer), work };
  },
  async notify({ engine }, work) {
    await engine.retryTransfer(work);
    return null;
  },
  describeEffect: (standing) => effectOf(TRANSFER_ACTIONS.retry, standing),
};

/** There is work where a workflow still waits: it then finds the transfer ended. */
const resolveAs = (resolution: Resolution): RowAction<Transfer, TransferWork | null> => ({
  action: resolution,
  kind: 'transfer',
  refusals: ['transfer_not_found', 'transfer_not_resolvable'],
  snapshot,
  async act(tx, transferId, act) {
    const reason = reasonOf(act);
    const { transfer, wasOpen } = await resolveTransfer(tx, { transferId, resolution, ...act, reason });
    return { done: transfer, now: nowOf(transfer), work: wasOpen ? transferLabel(transfer) : null };
  },
  async notify({ engine }, work) {
    if (work !== null) await engine.retryTransfer(work);
    return null;
  },
  describeEffect: (standing) => effectOf(TRANSFER_ACTIONS[resolution], standing),
});

export const transferResolutions = {
  settled_outside: resolveAs('settled_outside'),
  written_off: resolveAs('written_off'),
};
