import { z } from '@hono/zod-openapi';
import type { Approval as ApprovalRow } from '../../db/approvals/schema.ts';
import { APPROVAL_STATUSES } from '../../domain/approvals/approval-machine.ts';
import { API_KEY_SCOPES } from '../../domain/accounts/index.ts';
import { listOf } from '../../operations/approved-list.ts';
import { keyToKeepOf } from '../../operations/accounts/index.ts';
import { AmountMinor, Currency, Id, Time, time, timeOrNull } from '../kernel/index.ts';

export const Approval = z
  .object({
    id: Id,
    action: z.string(),
    subject: z
      .string()
      .openapi({ description: 'The workflow of its subject, or a list', example: 'reversal/…' }),
    status: z.enum(APPROVAL_STATUSES),
    amount: AmountMinor.nullable().openapi({
      description: 'For a list: the largest total of one currency. Null: the action names no money',
    }),
    currency: Currency.nullable(),
    api_key: z
      .object({
        user_id: Id.openapi({ description: 'The user that the key would act as' }),
        name: z.string(),
        scopes: z.array(z.enum(API_KEY_SCOPES)),
        expires_at: Time.nullable(),
      })
      .nullable()
      .openapi({ description: 'The key for somebody else that would be made' }),
    list: z
      .object({
        count: z.int(),
        totals: z.array(z.object({ amount: AmountMinor, currency: Currency })),
        subjects: z.array(z.string()),
      })
      .nullable()
      .openapi({ description: 'Every row of a list, and its totals; null for an action on one row' }),
    reason: z.string(),
    requested_by: z.string(),
    requested_at: Time,
    expires_at: Time.openapi({ description: 'Nobody can agree to it after that' }),
    decided_by: z.string().nullable(),
    decided_at: Time.nullable(),
    note: z.string().nullable().openapi({ description: 'The second admin’s note, or why it expired' }),
    told_at: Time.nullable().openapi({
      description:
        'When the engine had it. Null on an approved one: approve it again to have the engine told',
    }),
  })
  .openapi('Approval');

export const showApproval = (row: ApprovalRow): z.infer<typeof Approval> => ({
  id: row.id,
  action: row.action,
  subject: row.subject,
  status: row.status,
  amount: row.amountMinor,
  currency: row.currency,
  api_key: showKey(row),
  list: showList(row),
  reason: row.reason,
  requested_by: row.requestedBy,
  requested_at: time(row.requestedAt),
  expires_at: time(row.expiresAt),
  decided_by: row.decidedBy,
  decided_at: timeOrNull(row.decidedAt),
  note: row.note,
  told_at: timeOrNull(row.toldAt),
});

function showKey(row: ApprovalRow): z.infer<typeof Approval>['api_key'] {
  const key = keyToKeepOf(row);
  if (key === null) return null;
  const { userId, name, scopes, expiresAt } = key;
  return { user_id: userId, name, scopes: [...scopes], expires_at: timeOrNull(expiresAt) };
}

function showList(row: ApprovalRow): z.infer<typeof Approval>['list'] {
  const list = listOf(row);
  if (list === null) return null;
  const totals = list.totals.map(({ amountMinor, currency }) => ({ amount: amountMinor, currency }));
  return { count: list.subjects.length, totals, subjects: [...list.subjects] };
}
