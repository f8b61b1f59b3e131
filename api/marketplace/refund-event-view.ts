import { z } from '@hono/zod-openapi';
import { REFUND_STAGES } from '../../db/marketplace/refunds/events-schema.ts';
import { Id, Time } from '../kernel/index.ts';
import type { ShownRefundEvent } from './refund-event-text.ts';

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
  .openapi('RefundEvent') satisfies z.ZodType<ShownRefundEvent>;
