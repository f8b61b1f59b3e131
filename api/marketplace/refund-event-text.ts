import type { RefundEventRow } from '../../db/marketplace/refunds/events.ts';
import type { RefundStage } from '../../db/marketplace/refunds/events-schema.ts';

/** The `data` of an event; `RefundEvent` documents it. */
export interface ShownRefundEvent {
  readonly refund_id: string;
  readonly status: RefundStage;
  readonly at: string;
}

const showRefundEvent = (row: RefundEventRow): ShownRefundEvent => ({
  refund_id: row.refundId,
  status: row.stage,
  at: row.at.toISOString(),
});

/** One event as text/event-stream has it; its id is what `Last-Event-ID` resumes after. */
export const writeRefundEvent = (row: RefundEventRow): string =>
  `id: ${row.id}\ndata: ${JSON.stringify(showRefundEvent(row))}\n\n`;

/** Rarely the PSP reports another outcome days later. The stream ends all the same, and can be opened again. */
const TERMINAL: ReadonlySet<RefundStage> = new Set(['succeeded', 'failed', 'returned']);

export const isTerminal = ({ stage }: RefundEventRow): boolean => TERMINAL.has(stage);
