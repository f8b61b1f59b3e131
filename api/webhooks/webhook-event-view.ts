import { z } from '@hono/zod-openapi';
import type { WebhookEventRow } from '../../db/webhooks/list.ts';
import { WEBHOOK_OUTCOMES, WEBHOOK_PROVIDERS } from '../../db/webhooks/schema.ts';
import { maskPersonalData } from '../../domain/kernel/index.ts';
import { Id, Time, time, timeOrNull } from '../kernel/index.ts';

export const WebhookEvent = z
  .object({
    id: Id,
    provider: z.enum(WEBHOOK_PROVIDERS),
    event_id: z.string(),
    type: z.string(),
    outcome: z.enum(WEBHOOK_OUTCOMES),
    error: z.string().nullable(),
    body: z.unknown().openapi({
      type: ['object', 'null'],
      description:
        'As it came, personal data masked; of old ones only ids, amounts, statuses and codes are kept',
    }),
    received_at: Time,
    processed_at: Time.nullable(),
  })
  .openapi('WebhookEvent');

export const showWebhookEvent = (row: WebhookEventRow) => ({
  id: row.id,
  provider: row.provider,
  event_id: row.eventId,
  type: row.type,
  outcome: row.outcome,
  error: row.error,
  // Only bodies that parse are stored.
  body: row.body === null ? null : maskPersonalData(JSON.parse(row.body)),
  received_at: time(row.receivedAt),
  processed_at: timeOrNull(row.processedAt),
});
