import { formatMoney } from '../domain/kernel/index.ts';
import {
  orderWorkflowId,
  refundWorkflowId,
  reversalWorkflowId,
  transferWorkflowId,
  type OrderRequest,
  type RefundRequest,
} from '../domain/marketplace/index.ts';
import { retryNow } from '../workflows/kernel/messages.ts';
import {
  adopt,
  endAsking,
  opened,
  outside,
  outsideReversals,
  payment,
  placed,
  verdict,
  waitingForProvider,
} from '../workflows/marketplace/messages.ts';
import { attributes } from './attributes.ts';
import type { Calls, Start, TaskQueues } from './calls.ts';
import type {
  MarketplaceEngine,
  OrderLabel,
  RefundLabel,
  ReversalLabel,
  TransferLabel,
} from './port/marketplace.ts';

export function marketplaceEngine(calls: Calls, queues: TaskQueues): MarketplaceEngine {
  const { start, tell, ask } = calls;

  const orderStart = (request: OrderRequest, label: OrderLabel): Start<'order'> => ({
    type: 'order',
    workflowId: orderWorkflowId(request.orderId),
    taskQueue: queues.core,
    args: [request],
    staticSummary: `Order ${request.orderId} for ${formatMoney(label.amountMinor, label.currency)}`,
    typedSearchAttributes: attributes({
      VezaOrderId: request.orderId,
      VezaStatus: 'pending',
      VezaAmountMinor: label.amountMinor,
      VezaCurrency: label.currency,
    }),
  });

  const refundStart = (request: RefundRequest, label: RefundLabel): Start<'refund'> => ({
    type: 'refund',
    workflowId: refundWorkflowId(request.refundId),
    taskQueue: queues.core,
    args: [request],
    staticSummary: `Refund ${formatMoney(label.amountMinor, label.currency)} on ${label.purchase.kind} ${label.purchase.id}`,
    typedSearchAttributes: attributes({
      VezaRefundId: request.refundId,
      ...(label.purchase.kind === 'order' && { VezaOrderId: label.purchase.id }),
      VezaStatus: 'pending',
      VezaAmountMinor: label.amountMinor,
      VezaCurrency: label.currency,
    }),
  });

  const transferStart = (label: TransferLabel): Start<'transfer'> => ({
    type: 'transfer',
    workflowId: transferWorkflowId(label.transferId),
    taskQueue: queues.stripe,
    args: [{ transferId: label.transferId }],
    staticSummary: `Transfer ${formatMoney(label.amountMinor, label.currency)} to seller ${label.sellerId}`,
    typedSearchAttributes: attributes({ ...partiesOf(label), VezaStatus: 'pending' }),
  });

  const reversalStart = (label: ReversalLabel): Start<'reversal'> => ({
    type: 'reversal',
    workflowId: reversalWorkflowId(label.reversalId),
    taskQueue: queues.stripe,
    args: [{ reversalId: label.reversalId }],
    staticSummary: `Take back ${formatMoney(label.amountMinor, label.currency)} from seller ${label.sellerId}`,
    typedSearchAttributes: attributes({
      ...partiesOf(label),
      ...(label.refundId !== null && { VezaRefundId: label.refundId }),
      VezaStatus: 'reversal_pending',
    }),
  });

  return {
    placeOrder: (request, label) => ask(orderStart(request, label), placed),
    startOrder: (orderId, label) => start(orderStart({ orderId }, label)),
    notifyOrder: (orderId, fact, label) => tell(orderStart({ orderId }, label), payment, fact),
    notifyOrderOutside: (orderId, event, label) => tell(orderStart({ orderId }, label), outside, event),

    requestRefund: (request, label) => ask(refundStart(request, label), opened),
    startRefund: (refundId, label) => start(refundStart({ refundId }, label)),
    notifyRefund: (refundId, said, label) => tell(refundStart({ refundId }, label), verdict, said),
    endRefundAsking: (refundId, label) => ask(refundStart({ refundId }, label), endAsking),
    markRefundWaiting: (refundId, note) =>
      calls.within(() =>
        calls.workflows.getHandle(refundWorkflowId(refundId)).signal(waitingForProvider, note),
      ),

    startTransfer: (label) => start(transferStart(label)),
    retryTransfer: (label) => tell(transferStart(label), retryNow),
    notifyOutsideReversals: (label, stripeTransferId) =>
      tell(transferStart(label), outsideReversals, stripeTransferId),

    startReversal: (label) => start(reversalStart(label)),
    retryReversal: (label) => tell(reversalStart(label), retryNow),
    adoptReversal: (label) => ask(reversalStart(label), adopt),
  };
}

const partiesOf = (label: TransferLabel) => ({
  VezaTransferId: label.transferId,
  VezaOrderId: label.orderId,
  VezaSellerId: label.sellerId,
  VezaAmountMinor: label.amountMinor,
  VezaCurrency: label.currency,
  VezaRetryCount: 0,
});
