import type { RefundKind } from '../marketplace/refund-machine.ts';

// Each id that two processes must agree on has exactly one builder, here.

export const orderWorkflowId = (orderId: string) => `order/${orderId}`;
export const refundWorkflowId = (refundId: string) => `refund/${refundId}`;
export const transferWorkflowId = (transferId: string) => `transfer/${transferId}`;
export const reversalWorkflowId = (reversalId: string) => `reversal/${reversalId}`;
/** One backfill at a time; a dry run is another matter and may go on beside it. */
export const backfillWorkflowId = (dryRun: boolean) => `backfill-transfer-ids${dryRun ? '/dry-run' : ''}`;
/** One drain at a time; sweeps may overlap, they find each other's work done. */
export const DRAIN_WORKFLOW_ID = 'reconcile/drain';
export const sweepWorkflowId = (sweepId: string) => `reconcile/${sweepId}`;
/** Of the schedule, and of what it starts. */
export const RECONCILE_SCHEDULE_ID = 'reconcile';
export const payoutWorkflowId = (payoutId: string) => `payout/${payoutId}`;
/** Of a provider's settlement file: one matching a file at a time. */
export const statementWorkflowId = (statementId: string) => `statement/${statementId}`;
export const onboardingWorkflowId = (userId: string) => `onboarding/${userId}`;

/** Holds the console's session; the endpoint that decodes payloads for Temporal's UI takes it too. */
export const CONSOLE_COOKIE = 'veza_ops';

/**
 * Stripe idempotency keys name the operation, our id and the generation of the attempt. A new generation is made only
 * once the old key can no longer do anything (see `permitsNewKey` in providers/stripe).
 */
export const transferKey = (transferId: string, generation: number) => `transfer:${transferId}:${generation}`;
export const reversalKey = (reversalId: string, generation: number) => `reversal:${reversalId}:${generation}`;
export const payoutKey = (payoutId: string, generation: number) => `payout:${payoutId}:${generation}`;
/** Of the call to the PSP: our id, which is the refund's id there too. Null for a refund that we did not ask for. */
export const refundKey = ({ id, kind }: { readonly id: string; readonly kind: RefundKind }): string | null =>
  kind === 'requested' || kind === 'payment_returned' ? id : null;
export const accountKey = (userId: string, generation: number) => `account:${userId}:${generation}`;

/** The generation a stored key was made with; 0 where none was ever made. */
export function keyGeneration(key: string | null): number {
  if (key === null) return 0;
  const generation = Number(key.slice(key.lastIndexOf(':') + 1));
  if (!Number.isSafeInteger(generation) || generation < 1)
    throw new Error(`not one of our idempotency keys: ${key}`);
  return generation;
}

/** Not a workflow: what the audit log calls an API key. */
export const apiKeySubject = (apiKeyId: string) => `api_key/${apiKeyId}`;

/** In the place of an encryption key's id: no key encrypts, those of the ring only decrypt. */
export const NO_KEY = 'none';

/** Whether it can be the id of one of our rows: PostgreSQL refuses to compare a uuid with anything else. */
export const isUuid = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);

/** Whether it can be an id of Stripe's with this prefix: a signal may name anything. They have 255 characters at most. */
export const isStripeId = (prefix: 'po' | 'tr', value: unknown): value is string =>
  typeof value === 'string' && value.startsWith(`${prefix}_`) && /^\w{1,252}$/.test(value.slice(3));
