import { sql } from 'drizzle-orm';
import { bigint, index, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { REFUND_STATUSES } from '../../../domain/marketplace/refund-machine.ts';
import { at, oneOf } from '../../kernel/columns.ts';
import { refunds } from './schema.ts';

/** A refund's statuses, and the PSP's acceptance in between: until the PSP's report the status stays `pending`. */
export const REFUND_STAGES = ['accepted', ...REFUND_STATUSES] as const;
export type RefundStage = (typeof REFUND_STAGES)[number];

/**
 * A refund's events, each written in the transaction of the change by a trigger on `refunds`, so that no code can
 * forget it. Append-only, since clients resume by these ids. Within one refund ids grow in the order of commits,
 * since each change holds the row's lock.
 */
export const refundEvents = pgTable(
  'refund_events',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    refundId: uuid()
      .notNull()
      .references(() => refunds.id),
    stage: text({ enum: REFUND_STAGES }).notNull(),
    at: at()
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [
    index('refund_events_by_refund').on(t.refundId, t.id),
    oneOf('refund_events_stage_known', t.stage, REFUND_STAGES),
  ],
);
