import { z } from '@hono/zod-openapi';
import { Time, timeOrNull } from './fields-view.ts';

/** Fields of work that is attempted at Stripe until it is done: how far it is, and what it waits for. */
export const attemptFields = (what: 'transfer' | 'reversal' | 'payout') => ({
  retry_count: z.int(),
  next_retry_at: Time.nullable(),
  error_message: z.string().nullable(),
  idempotency_key: z
    .string()
    .nullable()
    .openapi({ description: 'The key of the last call, as Stripe’s log shows it; null before the first' }),
  waiting_for: z
    .string()
    .nullable()
    .openapi({ description: `Why an open ${what} waits without counting attempts` }),
});

export const showAttempts = (row: {
  readonly retryCount: number;
  readonly nextRetryAt: Date | null;
  readonly errorMessage: string | null;
  readonly idempotencyKey: string | null;
  readonly waitingFor: string | null;
}) => ({
  retry_count: row.retryCount,
  next_retry_at: timeOrNull(row.nextRetryAt),
  error_message: row.errorMessage,
  idempotency_key: row.idempotencyKey,
  waiting_for: row.waitingFor,
});
