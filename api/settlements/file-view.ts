import { z } from '@hono/zod-openapi';
import type { ExceptionRow, CountedSettlementFile } from '../../db/settlements/list.ts';
import {
  EXCEPTION_KINDS,
  ROW_KINDS,
  SETTLEMENT_PROVIDERS,
} from '../../domain/settlements/settlement-file.ts';
import { Currency, Id, Time, time, timeOrNull } from '../kernel/index.ts';

const Counts = z.record(z.string(), z.int().nonnegative());

export const SettlementFile = z
  .object({
    id: Id,
    provider: z.enum(SETTLEMENT_PROVIDERS),
    layout: z.string(),
    file_name: z.string(),
    file_hash: z.string().openapi({ description: 'SHA-256' }),
    state: z.enum(['loading', 'matching', 'ended']),
    period_from: Time.nullable(),
    period_to: Time.nullable(),
    rows: z.int().nonnegative(),
    matched: Counts.openapi({ description: 'Rows that agree with ours, by kind', example: { payment: 120 } }),
    ignored: Counts.openapi({
      description: 'Rows that do not concern our books, by type',
      example: { stripe_fee: 4 },
    }),
    exceptions: Counts.openapi({
      description: 'Exceptions by kind, open or not',
      example: { missing_here: 1 },
    }),
    open_exceptions: z.int().nonnegative(),
    created_at: Time,
    ended_at: Time.nullable(),
  })
  .openapi('ProviderStatement');

export const showSettlementFile = (row: CountedSettlementFile): z.infer<typeof SettlementFile> => ({
  id: row.id,
  provider: row.provider,
  layout: row.layout,
  file_name: row.fileName,
  file_hash: row.fileHash,
  state: row.endedAt ? 'ended' : row.loadedAt ? 'matching' : 'loading',
  period_from: timeOrNull(row.periodFrom),
  period_to: timeOrNull(row.periodTo),
  rows: row.rowsRead,
  matched: { ...row.matched },
  ignored: { ...row.ignored },
  exceptions: { ...row.exceptions },
  open_exceptions: row.open,
  created_at: time(row.createdAt),
  ended_at: timeOrNull(row.endedAt),
});

const Money = z.object({ amount: z.int(), currency: Currency }).nullable();

export const SettlementException = z
  .object({
    id: Id,
    statement_id: Id,
    kind: z.enum(EXCEPTION_KINDS),
    row_kind: z.enum(ROW_KINDS).nullable(),
    subject: z.string().nullable().openapi({ description: 'The workflow of our row' }),
    line: z.int().nullable(),
    column: z.string().nullable(),
    ref: z.string().nullable().openapi({ description: "The provider's id" }),
    theirs: Money.openapi({
      description: 'By the file, in minor units; negative: in the opposite direction',
    }),
    ours: Money.openapi({ description: 'By our books, in minor units' }),
    moved_at: Time.nullable(),
    detail: z.string(),
    resolved_at: Time.nullable(),
    resolved_by: z.string().nullable(),
    resolution: z.string().nullable(),
  })
  .openapi('StatementException');

export const showSettlementException = (row: ExceptionRow): z.infer<typeof SettlementException> => ({
  id: row.id,
  statement_id: row.statementId,
  kind: row.kind,
  row_kind: row.rowKind,
  subject: row.subject,
  line: row.line,
  column: row.column,
  ref: row.ref,
  theirs: money(row.theirsMinor, row.theirsCurrency),
  ours: money(row.oursMinor, row.oursCurrency),
  moved_at: timeOrNull(row.movedAt),
  detail: row.detail,
  resolved_at: timeOrNull(row.resolvedAt),
  resolved_by: row.resolvedBy,
  resolution: row.resolution,
});

const money = (amount: number | null, currency: string | null) =>
  amount === null || currency === null ? null : { amount, currency };
