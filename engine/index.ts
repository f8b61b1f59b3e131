import { type Client, WithStartWorkflowOperation, type WorkflowStartOptions } from '@temporalio/client';
import { v7 as uuidv7 } from 'uuid';
import {
  orderWorkflowId,
  refundWorkflowId,
  reversalWorkflowId,
  transferWorkflowId,
  type OrderPlacing,
  type OrderRequest,
  type OutsideEvent,
  type PaymentFact,
  type RefundLook,
  type RefundOpening,
  type RefundRequest,
  type RefundVerdict,
  type ReversalAdoption,
} from '../domain/marketplace/index.ts';
import { type Hint, formatMoney } from '../domain/kernel/index.ts';
import type { order, refund, reversal, transfer } from '../workflows/index.ts';
import { attributes } from './attributes.ts';
import { namingFailures } from './failures.ts';
import { CALL_DEADLINE_MS, REUSABLE, UPDATE_DEADLINE_MS, type Within } from './policies.ts';
import { type PollerEngine, pollerEngine } from './pollers.ts';
import { type SellerEngine, sellerEngine } from './payouts.ts';
import { type StatementEngine, statementEngine } from './settlements.ts';
import { type SweepEngine, sweepEngine } from './reconcile.ts';

/** Amounts and parties, for the eyes of operators: the summary and search attributes of a workflow. Minor units. */
export interface RefundLabel {
  readonly orderId: string;
  readonly amountMinor: number;
  readonly currency: string;
}
export interface TransferLabel extends RefundLabel {
  readonly transferId: string;
  readonly sellerId: string;
}
export interface ReversalLabel extends TransferLabel {
  readonly reversalId: string;
  readonly refundId: string | null;
}

/**
 * The durable engine as the rest of the code knows it: verbs of the business instead of workflow options. Every method
 * throws VezaError `engine_unavailable` where Temporal cannot be reached or no worker answers in time.
 */
export interface Engine extends SellerEngine, SweepEngine, StatementEngine, PollerEngine {
  /** Starts the refund's workflow, or joins the one that runs, and waits for phase 1 alone. */
  requestRefund(request: RefundRequest, label: RefundLabel): Promise<RefundOpening>;
  /** Starts the order's workflow, or joins it, and waits until the PSP has answered, 5 s at most. */
  placeOrder(request: OrderRequest, label: { amountMinor: number; currency: string }): Promise<OrderPlacing>;
  /** Hints at the PSP's word to the refund's workflow; starts one where none runs. */
  tellRefund(refundId: string, verdict: Hint<RefundVerdict>, label: RefundLabel): Promise<void>;
  /** Hints at the PSP's word to the order's workflow; starts one where none runs. */
  tellOrder(
    orderId: string,
    fact: Hint<PaymentFact>,
    label: { amountMinor: number; currency: string },
  ): Promise<void>;
  /** Hints at what happened to an order's money without us to the order's workflow; starts one where none runs. */
  tellOrderOutside(
    orderId: string,
    event: Hint<OutsideEvent>,
    label: { amountMinor: number; currency: string },
  ): Promise<void>;
  /** Starts the workflow of an order that is already a row; does nothing where it runs. */
  startOrder(orderId: string, label: { amountMinor: number; currency: string }): Promise<void>;
  /** Starts the workflow of a refund that is already a row; does nothing where it runs. */
  startRefund(refundId: string, label: RefundLabel): Promise<void>;
  /** Starts a transfer's workflow; does nothing where it runs. */
  startTransfer(label: TransferLabel): Promise<void>;
  /** Starts a reversal's workflow; does nothing where it runs. */
  startReversal(label: ReversalLabel): Promise<void>;
  /** Wakes a transfer that waits: its next attempt is now. Starts its workflow where none runs. */
  retryTransfer(label: TransferLabel): Promise<void>;
  /** Wakes a reversal that waits: its next attempt is now. Starts its workflow where none runs. */
  retryReversal(label: ReversalLabel): Promise<void>;
  /**
   * A person had ended a reversal: has its workflow look whether Stripe carried it out after all, and waits for what came
   * of it. Starts one where none runs.
   */
  adoptReversal(label: ReversalLabel): Promise<ReversalAdoption>;
  /** Stripe lists reversals of a transfer that are not ours: its workflow books them. Starts one where none runs. */
  tellOutsideReversals(label: TransferLabel, stripeTransferId: string): Promise<void>;
  /**
   * The PSP never answered a refund, and an operator wants it ended: has its workflow look at the PSP, ask no more, and
   * waits for what the look found. Starts one where none runs.
   */
  endRefundAsking(refundId: string, label: RefundLabel): Promise<RefundLook>;
  /** Tells a refund's running workflow that its PSP has been silent for long. Does nothing where none runs. */
  markRefundWaiting(refundId: string, note: { attempt: number; lastError: string }): Promise<void>;
  /** Whether Temporal answers and knows the namespace; throws `engine_unavailable` otherwise. */
  ping(): Promise<void>;
  /** Of the namespace as Temporal knows it: another one after Temporal was rebuilt, under the same name. */
  namespaceId(): Promise<string>;
  /** Whether a workflow of that id runs now. */
  isRunning(workflowId: string): Promise<boolean>;
  /** Whether something was told to that workflow that no worker has taken up yet. */
  waitsForWorker(workflowId: string): Promise<boolean>;
}

/** `PENDING_WORKFLOW_TASK_STATE_SCHEDULED` of Temporal's API: in its queue, with no worker at it. */
const TASK_SCHEDULED = 1;

export interface TaskQueues {
  readonly core: string;
  readonly stripe: string;
}

export function createEngine(client: Client, queues: TaskQueues): Engine {
  const workflows = client.workflow;
  const within: Within = (deadlineMs, call) =>
    namingFailures(() => workflows.withDeadline(Date.now() + deadlineMs, call));

  const refundStart = (request: RefundRequest, label: RefundLabel) => ({
    workflowId: refundWorkflowId(request.refundId),
    taskQueue: queues.core,
    args: [request] as [RefundRequest],
    ...REUSABLE,
    staticSummary: `Refund ${formatMoney(label.amountMinor, label.currency)} on order ${label.orderId}`,
    typedSearchAttributes: attributes({
      VezaRefundId: request.refundId,
      VezaOrderId: label.orderId,
      VezaStatus: 'pending',
      VezaAmountMinor: label.amountMinor,
      VezaCurrency: label.currency,
    }),
  });

  const orderStart = (request: OrderRequest, label: { amountMinor: number; currency: string }) => ({
    workflowId: orderWorkflowId(request.orderId),
    taskQueue: queues.core,
    args: [request] as [OrderRequest],
    ...REUSABLE,
    staticSummary: `Order ${request.orderId} for ${formatMoney(label.amountMinor, label.currency)}`,
    typedSearchAttributes: attributes({
      VezaOrderId: request.orderId,
      VezaStatus: 'pending',
      VezaAmountMinor: label.amountMinor,
      VezaCurrency: label.currency,
    }),
  });

  const transferStart = (label: TransferLabel) =>
    ({
      workflowId: transferWorkflowId(label.transferId),
      taskQueue: queues.stripe,
      args: [{ transferId: label.transferId }],
      ...REUSABLE,
      staticSummary: `Transfer ${formatMoney(label.amountMinor, label.currency)} to seller ${label.sellerId}`,
      typedSearchAttributes: attributes({ ...partiesOf(label), VezaStatus: 'pending' }),
    }) satisfies WorkflowStartOptions<typeof transfer>;

  const reversalStart = (label: ReversalLabel) =>
    ({
      workflowId: reversalWorkflowId(label.reversalId),
      taskQueue: queues.stripe,
      args: [{ reversalId: label.reversalId }],
      ...REUSABLE,
      staticSummary: `Take back ${formatMoney(label.amountMinor, label.currency)} from seller ${label.sellerId}`,
      typedSearchAttributes: attributes({
        ...partiesOf(label),
        ...(label.refundId !== null && { VezaRefundId: label.refundId }),
        VezaStatus: 'reversal_pending',
      }),
    }) satisfies WorkflowStartOptions<typeof reversal>;

  const tellTransfer = (label: TransferLabel, signal: string, signalArgs: string[]) =>
    within(CALL_DEADLINE_MS, async () => {
      await workflows.signalWithStart<typeof transfer, string[]>('transfer', {
        ...transferStart(label),
        signal,
        signalArgs,
      });
    });

  const describe = (workflowId: string) =>
    within(CALL_DEADLINE_MS, async () => {
      try {
        return await workflows.getHandle(workflowId).describe();
      } catch (error) {
        if (error instanceof Error && error.name === 'WorkflowNotFoundError') return null;
        throw error;
      }
    });

  return {
    ...sellerEngine(workflows, within, queues.stripe),
    ...sweepEngine(workflows, within, queues.core),
    ...statementEngine(workflows, within, queues.core),
    ...pollerEngine(client, within, [queues.core, queues.stripe]),
    requestRefund: (request, label) =>
      within(UPDATE_DEADLINE_MS, () =>
        workflows.executeUpdateWithStart<typeof refund, RefundOpening, []>('opened', {
          // A fresh id each time: the workflow gives every caller the one answer, and a closed refusal is not replayed.
          updateId: uuidv7(),
          startWorkflowOperation: new WithStartWorkflowOperation('refund', refundStart(request, label)),
        }),
      ),
    placeOrder: (request, label) =>
      within(UPDATE_DEADLINE_MS, () =>
        workflows.executeUpdateWithStart<typeof order, OrderPlacing, []>('placed', {
          updateId: uuidv7(),
          startWorkflowOperation: new WithStartWorkflowOperation('order', orderStart(request, label)),
        }),
      ),
    tellRefund: (refundId, verdict, label) =>
      within(CALL_DEADLINE_MS, async () => {
        await workflows.signalWithStart<typeof refund, [Hint<RefundVerdict>]>('refund', {
          ...refundStart({ refundId }, label),
          signal: 'verdict',
          signalArgs: [verdict],
        });
      }),
    tellOrder: (orderId, fact, label) =>
      within(CALL_DEADLINE_MS, async () => {
        await workflows.signalWithStart<typeof order, [Hint<PaymentFact>]>('order', {
          ...orderStart({ orderId }, label),
          signal: 'payment',
          signalArgs: [fact],
        });
      }),
    tellOrderOutside: (orderId, event, label) =>
      within(CALL_DEADLINE_MS, async () => {
        await workflows.signalWithStart<typeof order, [Hint<OutsideEvent>]>('order', {
          ...orderStart({ orderId }, label),
          signal: 'outside',
          signalArgs: [event],
        });
      }),
    startOrder: (orderId, label) =>
      within(CALL_DEADLINE_MS, async () => {
        await workflows.start<typeof order>('order', orderStart({ orderId }, label));
      }),
    startRefund: (refundId, label) =>
      within(CALL_DEADLINE_MS, async () => {
        await workflows.start<typeof refund>('refund', refundStart({ refundId }, label));
      }),
    startTransfer: (label) =>
      within(CALL_DEADLINE_MS, async () => {
        await workflows.start<typeof transfer>('transfer', transferStart(label));
      }),
    startReversal: (label) =>
      within(CALL_DEADLINE_MS, async () => {
        await workflows.start<typeof reversal>('reversal', reversalStart(label));
      }),
    retryTransfer: (label) => tellTransfer(label, 'retryNow', []),
    tellOutsideReversals: (label, stripeTransferId) =>
      tellTransfer(label, 'outsideReversals', [stripeTransferId]),
    retryReversal: (label) =>
      within(CALL_DEADLINE_MS, async () => {
        await workflows.signalWithStart<typeof reversal>('reversal', {
          ...reversalStart(label),
          signal: 'retryNow',
          signalArgs: [],
        });
      }),
    adoptReversal: (label) =>
      within(UPDATE_DEADLINE_MS, () =>
        workflows.executeUpdateWithStart<typeof reversal, ReversalAdoption, []>('adopt', {
          updateId: uuidv7(),
          startWorkflowOperation: new WithStartWorkflowOperation('reversal', reversalStart(label)),
        }),
      ),
    endRefundAsking: (refundId, label) =>
      within(UPDATE_DEADLINE_MS, () =>
        workflows.executeUpdateWithStart<typeof refund, RefundLook, []>('endAsking', {
          updateId: uuidv7(),
          startWorkflowOperation: new WithStartWorkflowOperation('refund', refundStart({ refundId }, label)),
        }),
      ),
    markRefundWaiting: (refundId, note) =>
      within(CALL_DEADLINE_MS, async () => {
        await workflows.getHandle(refundWorkflowId(refundId)).signal('waitingForProvider', note);
      }),
    ping: () =>
      within(CALL_DEADLINE_MS, async () => {
        await client.workflowService.describeNamespace({ namespace: client.options.namespace });
      }),
    namespaceId: () =>
      within(CALL_DEADLINE_MS, async () => {
        const { namespaceInfo } = await client.workflowService.describeNamespace({
          namespace: client.options.namespace,
        });
        if (!namespaceInfo?.id) throw new Error('Temporal does not say which namespace this is');
        return namespaceInfo.id;
      }),
    isRunning: async (workflowId) => (await describe(workflowId))?.status.name === 'RUNNING',
    waitsForWorker: async (workflowId) => {
      const task = (await describe(workflowId))?.raw.pendingWorkflowTask;
      return task?.state === TASK_SCHEDULED;
    },
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
