import { z } from '@hono/zod-openapi';
import { WORK_KINDS, type WorkSum } from '../../db/operators/work.ts';
import { ACTION_NAMES } from '../../operations/titles.ts';
import { hasWorkflow } from '../../operations/index.ts';
import { type TemporalUi, workflowUrl } from '../../operations/links.ts';
import type { StuckItem } from '../../operations/stuck.ts';
import { AmountMinor, Currency, Id, showMoneyOrNone, Time, time, timeOrNull } from '../kernel/index.ts';

const ActionAsk = z.object({ action: z.enum(ACTION_NAMES), subject: z.string() });

export const StuckRow = z
  .object({
    kind: z.enum(WORK_KINDS),
    subject: z.string().openapi({ description: 'Its workflow, or a webhook event' }),
    id: Id.openapi({ description: 'The id of the row itself: of the flag, of the approval' }),
    order_id: Id.nullable(),
    seller_id: Id.nullable(),
    status: z.string(),
    since: Time,
    age_seconds: z.int(),
    looked_at: Time.nullable().openapi({ description: 'When a sweep last looked at it' }),
    amount: AmountMinor.nullable().openapi({ description: 'At stake, in the minor unit of `currency`' }),
    currency: Currency.nullable(),
    last_error: z.string().nullable(),
    waiting_for: z.string().nullable(),
    next_attempt_at: Time.nullable(),
    retry_count: z.int().nullable(),
    next: z.string().openapi({ description: 'What happens without anybody, and what it waits for' }),
    actions: z
      .array(ActionAsk)
      .openapi({ description: 'What you may do, as `POST /admin/actions` takes it' }),
    workflow_url: z
      .string()
      .nullable()
      .openapi({ description: 'In Temporal’s Web UI; null where its address is not configured' }),
  })
  .openapi('StuckRow');

export function showStuck(
  item: StuckItem,
  ui: TemporalUi,
  ageSeconds: (since: Date) => number,
): z.infer<typeof StuckRow> {
  const { kind, id, subject } = item;
  return {
    kind,
    // A webhook has no workflow of its own: this list has always shown its bare id.
    subject: kind === 'webhook' ? id : subject,
    id,
    order_id: item.orderId,
    seller_id: item.sellerId,
    status: item.status,
    since: time(item.since),
    age_seconds: ageSeconds(item.since),
    looked_at: timeOrNull(item.lookedAt),
    ...showMoneyOrNone(item.money),
    last_error: item.lastError,
    waiting_for: item.waitingFor,
    next_attempt_at: timeOrNull(item.nextAttemptAt),
    retry_count: item.retryCount,
    next: item.next,
    actions: [...item.actions],
    workflow_url: hasWorkflow(subject) ? workflowUrl(ui, subject) : null,
  };
}

export const StuckTotal = z
  .object({
    kind: z.enum(WORK_KINDS),
    count: z.int(),
    oldest: Time,
    amounts: z.array(z.object({ amount: AmountMinor, currency: Currency })),
  })
  .openapi('StuckTotal');

export const showStuckTotal = (sum: WorkSum): z.infer<typeof StuckTotal> => ({
  kind: sum.kind,
  count: sum.count,
  oldest: time(sum.oldest),
  amounts: sum.totals.map(({ amountMinor, currency }) => ({ amount: amountMinor, currency })),
});
