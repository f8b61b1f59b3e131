import { z } from '@hono/zod-openapi';
import { ACTION_NAMES, STORY_KINDS } from '../../operations/titles.ts';
import { hasWorkflow } from '../../operations/index.ts';
import { type TemporalUi, workflowUrl } from '../../operations/links.ts';
import type { Story as StoryOfRow } from '../../operations/story.ts';
import { Id, MONEY_OR_NONE, showMoneyOrNone, Time, time, timeOrNull } from '../kernel/index.ts';

const kind = z.enum(STORY_KINDS);

export const Story = z
  .object({
    subject: z.string(),
    order_id: Id.nullable(),
    rows: z.array(
      z.object({
        kind,
        subject: z.string(),
        status: z.string(),
        ...MONEY_OR_NONE,
        last_error: z.string().nullable(),
        waiting_for: z.string().nullable(),
        next_attempt_at: Time.nullable(),
        retry_count: z.int().nullable(),
        provider_id: z.string().nullable(),
        idempotency_key: z.string().nullable(),
        actions: z.array(z.object({ action: z.enum(ACTION_NAMES), subject: z.string() })),
        workflow_url: z.string().nullable(),
      }),
    ),
    events: z.array(
      z.object({
        at: Time,
        kind,
        subject: z.string(),
        text: z.string(),
        ...MONEY_OR_NONE,
        by: z.string().nullable(),
        detail: z.unknown().openapi({
          description: 'A webhook’s body with personal data masked, postings, or before and after',
        }),
      }),
    ),
  })
  .openapi('Story');

export const showStory = (story: StoryOfRow, ui: TemporalUi): z.infer<typeof Story> => ({
  subject: story.subject,
  order_id: story.orderId,
  rows: story.rows.map((row) => ({
    kind: row.kind,
    subject: row.subject,
    status: row.status,
    ...showMoneyOrNone(row.money),
    last_error: row.lastError,
    waiting_for: row.waitingFor,
    next_attempt_at: timeOrNull(row.nextAttemptAt),
    retry_count: row.retryCount,
    provider_id: row.providerId,
    idempotency_key: row.idempotencyKey,
    actions: [...row.actions],
    workflow_url: hasWorkflow(row.subject) ? workflowUrl(ui, row.workflowId ?? row.subject) : null,
  })),
  events: story.events.map((event) => ({
    at: time(event.at),
    kind: event.kind,
    subject: event.subject,
    text: event.text,
    ...showMoneyOrNone(event.money),
    by: event.by,
    detail: event.detail,
  })),
});
