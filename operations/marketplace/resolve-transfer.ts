import {
  type Transfer,
  transferLabel,
  type TransferWork,
  type Resolution,
  resolveTransfer,
} from '../../db/marketplace/index.ts';
import { transferWorkflowId } from '../../domain/marketplace/index.ts';
import type { Operation, Standing } from '../action.ts';
import { reasonOf } from '../reason.ts';
import { lookAtTransfer } from '../look.ts';

/** There is work where a workflow still waits: it then finds the transfer ended. */
const resolveAs = (
  resolution: Resolution,
  describeEffect: (standing: Standing) => string,
): Operation<Transfer, TransferWork | null> => ({
  action: resolution,
  kind: 'transfer',
  snapshot: lookAtTransfer,
  async act(tx, transferId, act) {
    const reason = reasonOf(act);
    const { transfer, wasOpen } = await resolveTransfer(tx, { transferId, resolution, ...act, reason });
    const now = { subject: transferWorkflowId(transferId), status: transfer.status };
    return { done: transfer, now, work: wasOpen ? transferLabel(transfer) : null };
  },
  async notify({ engine }, work) {
    if (work !== null) await engine.retryTransfer(work);
    return null;
  },
  describeEffect,
});

export const settleTransferOutside = resolveAs('settled_outside', ({ status }) =>
  status === 'written_off'
    ? 'What had been kept as revenue is paid out after all: the seller has been paid some other way.'
    : 'It is not pending any more: the seller has been paid some other way. A refund of it is then owed by them.',
);

export const writeTransferOff = resolveAs(
  'written_off',
  () => 'It is not pending any more, and stays with the platform: nobody will be paid it.',
);
