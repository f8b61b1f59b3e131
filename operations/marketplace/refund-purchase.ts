import { lockNamedPurchase, type Refund, refundAsOperator, refundLabel } from '../../db/marketplace/index.ts';
import { type PurchaseKind, type RefundAsk, refundWorkflowId } from '../../domain/marketplace/index.ts';
import type { OperationsDeps } from '../deps.ts';
import type { Acted, RowAction } from '../row-kind.ts';

export interface StartWork {
  readonly refundId: string;
  readonly label: ReturnType<typeof refundLabel>;
}

/** Starts the workflow of a refund that was opened. */
export async function startRefund({ engine }: OperationsDeps, { refundId, label }: StartWork): Promise<null> {
  await engine.startRefund(refundId, label);
  return null;
}

export const startedBy = (refund: Refund): Acted<Refund, StartWork> => ({
  done: refund,
  now: { subject: refundWorkflowId(refund.id), status: refund.status },
  work: { refundId: refund.id, label: refundLabel(refund) },
});

/** What an admin's refund of somebody else's purchase does, whichever kind it is of; the kind gives the words. */
export const refundPurchase = (
  kind: PurchaseKind,
  part: Omit<RefundAsk, 'caller'>,
): Pick<RowAction<Refund, StartWork>, 'kind' | 'snapshot' | 'act' | 'notify' | 'params'> => ({
  kind,
  /** The amount of the refund; none where it is refused, for which `act` gives the reason. */
  async snapshot(tx, id, { purchases }) {
    const purchase = await lockNamedPurchase(tx, { kind, id }, purchases);
    // Any admin may refund: the transaction around this has checked the actor.
    const decision = await purchase.decideRefund(tx, { caller: { userId: '', role: 'admin' }, ...part });
    const { status, currency } = purchase;
    if ('refusal' in decision) return { status, money: null };
    return { status, money: { amountMinor: decision.plan.amountMinor, currency } };
  },
  async act(tx, id, act, { purchases }) {
    return startedBy(await refundAsOperator(tx, { of: { kind, id }, ...part, ...act }, purchases));
  },
  notify: startRefund,
  ...(Object.keys(part).length > 0 && { params: part }),
});
