import { z } from '@hono/zod-openapi';
import { WORK_KINDS } from '../../db/operators/work.ts';
import { WEBHOOK_OUTCOMES } from '../../db/webhooks/index.ts';
import type { BulkAsk, BulkPreview as PreviewOfBulk } from '../../operations/bulk.ts';
import { BULK_ACTIONS } from '../../operations/titles.ts';
import { AmountMinor, Currency, Id, MONEY_OR_NONE, showMoneyOrNone } from '../kernel/index.ts';

const MINUTES_MAX = 1_000_000;
const SUBJECTS_MAX = 500;
const minutes = () => z.int().min(0).max(MINUTES_MAX);

const StuckFilter = z
  .strictObject({
    kinds: z.array(z.enum(WORK_KINDS)).min(1).optional(),
    older_than_minutes: minutes().default(0),
    order_id: Id.optional(),
    seller_id: Id.optional(),
    currency: Currency.optional(),
    min_amount: AmountMinor.min(0).optional(),
    error: z.string().min(1).optional(),
    subjects: z.array(z.string()).min(1).max(SUBJECTS_MAX).optional(),
  })
  .openapi('StuckFilter');

const WebhookFilter = z
  .strictObject({
    outcome: z.enum(WEBHOOK_OUTCOMES).optional(),
    older_than_minutes: minutes().optional(),
    newer_than_minutes: minutes().optional(),
    ids: z.array(Id).min(1).max(SUBJECTS_MAX).optional(),
  })
  .openapi('WebhookFilter');

/** Which rows, and the action on each of them. */
export const bulkFields = {
  action: z.enum(BULK_ACTIONS),
  stuck: StuckFilter.optional().openapi({ description: 'Rows of the list of what is stuck, by its filters' }),
  webhooks: WebhookFilter.optional().openapi({ description: 'Stored webhooks to replay' }),
};

const Fields = z.object(bulkFields);

/** Exactly one of the two filters has to be given, so that nobody asks for everything by mistake. */
export const hasOneFilter = ({ stuck, webhooks }: z.infer<typeof Fields>) =>
  (stuck === undefined) !== (webhooks === undefined);
export const ONE_FILTER = { path: ['stuck'], error: 'Give one of stuck and webhooks' };

export function bulkAsk({ action, stuck, webhooks }: z.infer<typeof Fields>): BulkAsk {
  if (webhooks !== undefined) {
    const {
      outcome,
      older_than_minutes: olderThanMinutes,
      newer_than_minutes: newerThanMinutes,
      ids,
    } = webhooks;
    return { action, filter: { webhooks: { outcome, olderThanMinutes, newerThanMinutes, ids } } };
  }
  return {
    action,
    filter: {
      stuck: {
        olderThanMinutes: stuck?.older_than_minutes ?? 0,
        kinds: stuck?.kinds,
        orderId: stuck?.order_id,
        sellerId: stuck?.seller_id,
        currency: stuck?.currency,
        minAmountMinor: stuck?.min_amount,
        error: stuck?.error,
        subjects: stuck?.subjects,
      },
    },
  };
}

const Total = z.object({ amount: AmountMinor, currency: Currency });
export const showTotals = (totals: PreviewOfBulk['totals']) =>
  totals.map(({ amountMinor, currency }) => ({ amount: amountMinor, currency }));
export const Totals = z.array(Total).openapi({ description: 'One total for each currency' });

/** Rows that a preview shows; the fingerprint is of all of them. */
const ROWS_SHOWN = 50;

export const BulkPreview = z
  .object({
    action: z.enum(BULK_ACTIONS),
    count: z.int(),
    has_more: z.boolean().openapi({ description: 'More rows match than one action takes: do it again' }),
    totals: Totals,
    needs_second_admin: z.boolean().openapi({ description: 'The sum of a currency decides' }),
    rows: z
      .array(
        z.object({
          subject: z.string(),
          status: z.string(),
          ...MONEY_OR_NONE,
        }),
      )
      .openapi({ description: `The oldest ${ROWS_SHOWN}` }),
    fingerprint: z.string().openapi({ description: 'Covers all rows; send it with the action' }),
  })
  .openapi('BulkPreview');

export const showBulkPreview = (preview: PreviewOfBulk): z.infer<typeof BulkPreview> => ({
  action: preview.action,
  count: preview.count,
  has_more: preview.hasMore,
  totals: showTotals(preview.totals),
  needs_second_admin: preview.needsSecondAdmin,
  rows: preview.rows.slice(0, ROWS_SHOWN).map(({ subject, status, money }) => ({
    subject,
    status,
    ...showMoneyOrNone(money),
  })),
  fingerprint: preview.fingerprint,
});
