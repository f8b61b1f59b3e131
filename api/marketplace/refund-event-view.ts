import { z } from '@hono/zod-openapi';
import type { RefundEventRow } from '../../db/marketplace/refunds/events.ts';
import { REFUND_STAGES, type RefundStage } from '../../db/marketplace/refunds/events-schema.ts';
import { Id, Time, time } from '../kernel/index.ts';

/** The `data` of each server-sent event. */
export const RefundEvent = z
  .object({
    refund_id: Id,
    status: z.enum(REFUND_STAGES).openapi({
      description:
        'A status of the refund, or `accepted`: the payment provider has it and will say how it ended',
    }),
    at: Time,
  })
  .openapi('RefundEvent');

/** The PSP may still change its mind, rarely and days later: the stream ends all the same, and can be opened again. */
const TERMINAL: ReadonlySet<RefundStage> = new Set(['succeeded', 'failed', 'returned']);

export const isTerminal = ({ stage }: RefundEventRow): boolean => TERMINAL.has(stage);

const showRefundEvent = (row: RefundEventRow): z.infer<typeof RefundEvent> => ({
  refund_id: row.refundId,
  status: row.stage,
  at: time(row.at),
});

/** One event as text/event-stream has it; its id is what `Last-Event-ID` resumes after. */
export const writeRefundEvent = (row: RefundEventRow): string =>
  `id: ${row.id}\ndata: ${JSON.stringify(showRefundEvent(row))}\n\n`;
