import type { RefundKind } from './refund-machine.ts';

export const orderWorkflowId = (orderId: string) => `order/${orderId}`;
export const refundWorkflowId = (refundId: string) => `refund/${refundId}`;
export const transferWorkflowId = (transferId: string) => `transfer/${transferId}`;
export const reversalWorkflowId = (reversalId: string) => `reversal/${reversalId}`;
/** There is one backfill at a time; a dry run has an id of its own and may run beside it. */
export const backfillWorkflowId = (dryRun: boolean) => `backfill-transfer-ids${dryRun ? '/dry-run' : ''}`;

/**
 * Stripe idempotency keys name the operation, our id and the generation of the attempt. A new generation is made only
 * once the old key can no longer do anything (see `permitsNewKey` in providers/stripe).
 */
export const transferKey = (transferId: string, generation: number) => `transfer:${transferId}:${generation}`;
export const reversalKey = (reversalId: string, generation: number) => `reversal:${reversalId}:${generation}`;

/**
 * The idempotency key of the call to the PSP: our id, which is also the refund's id there. Null for a refund that we
 * did not ask for.
 */
export const refundKey = ({ id, kind }: { readonly id: string; readonly kind: RefundKind }): string | null =>
  kind === 'requested' || kind === 'payment_returned' ? id : null;
