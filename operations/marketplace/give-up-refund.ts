import {
  type Refund,
  isHeldRefund,
  endHeldRefund,
  refundLabel,
  knownToPsp,
  requestRefundEnd,
} from '../../db/marketplace/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { refundWorkflowId } from '../../domain/marketplace/index.ts';
import type { Operation } from '../action.ts';
import { reasonOf } from '../reason.ts';
import { lookAtRefund } from '../look.ts';
import { type HeldWork, tellEnded } from './settle-refund-outside.ts';

/** The work for a refund that the PSP may not have, or, after its end, for a held one. */
type Work = Pick<HeldWork, 'refundId' | 'label'> | HeldWork;

export const giveUpRefund: Operation<Refund, Work> = {
  action: 'give_up',
  kind: 'refund',
  snapshot: lookAtRefund,
  async act(tx, refundId, act, { purchases }) {
    if (await isHeldRefund(tx, refundId)) {
      const ask = { refundId, to: 'failed', ...act, reason: reasonOf(act) } as const;
      const { refund, settled } = await endHeldRefund(tx, ask, purchases);
      const now = { subject: refundWorkflowId(refundId), status: refund.status };
      return { done: refund, now, work: { refundId, label: refundLabel(refund), settled } };
    }
    const refund = await requestRefundEnd(tx, { refundId, ...act, reason: reasonOf(act) }, purchases);
    const now = { subject: refundWorkflowId(refundId), status: refund.status };
    return { done: refund, now, work: { refundId, label: refundLabel(refund) } };
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
          note: `The PSP does not know it. It is asked for no more; at ${looked.lookAgainAt} the PSP is looked at again, and if it still does not know it, it fails and the order is free.`,
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
  describeEffect: () =>
    'The PSP is looked at, and if it does not know the refund, it is asked for no more. Once it is still not known there when no call can land any more, it fails, and the order is free. What the PSP has goes on. One that is held fails at once: the PSP gave nothing back.',
};
