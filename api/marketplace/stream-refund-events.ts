import { createRoute, z } from '@hono/zod-openapi';
import { listRefundEvents } from '../../db/marketplace/refunds/events.ts';
import { hasSecondFactor } from '../../domain/accounts/index.ts';
import { alsoWhileLeaving, signedIn } from '../middleware/access.ts';
import { fails, SIGNED_IN, defineRoute, idParam } from '../kernel/index.ts';
import { isTerminal } from './refund-event-text.ts';
import { RefundEvent } from './refund-event-view.ts';
import { readVisibleRefund } from './visible-refund.ts';

const Params = z.object({ refundId: idParam('refundId') });
const Headers = z.object({
  'Last-Event-ID': z
    .string()
    .regex(/^\d{1,15}$/, 'An id of an event of this stream')
    .optional()
    .openapi({ description: 'Resumes after this event; browsers send it by themselves' }),
});

/** For clients that find too many streams open. */
const RETRY_AFTER_S = 5;

const route = createRoute({
  method: 'get',
  path: '/marketplace/refunds/{refundId}/events',
  operationId: 'streamRefundEvents',
  summary: 'A refund’s statuses as they happen',
  description: `Server-sent events: one for each status, beginning with the first, each with \`data\` as the schema
\`RefundEvent\` says. The stream ends after \`succeeded\`, \`failed\` or \`returned\`; comments come in between, so that
nothing on the way takes it for dead. It also ends with its token or key: come again with one that is good. With \`Last-Event-ID\` it goes on after that event; 204 says that nothing follows.`,
  tags: ['Refunds'],
  ...alsoWhileLeaving(signedIn()),
  request: { params: Params, headers: Headers },
  responses: {
    200: {
      description: 'Events, each with an `id` and its `data` as JSON',
      content: { 'text/event-stream': { schema: RefundEvent } },
    },
    204: { description: 'You have seen the last event: there is nothing to come back for' },
    ...fails(...SIGNED_IN, 'validation_failed', 'refund_not_found', 'too_many_streams'),
  },
});

const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store, no-transform',
  // Without it nginx would hold events back until its buffer is full.
  'X-Accel-Buffering': 'no',
};

export const streamRefundEvents = defineRoute(route, async (c) => {
  const { db, refundEvents } = c.var.deps;
  const { refundId } = c.req.valid('param');
  await readVisibleRefund(c.var.deps, refundId, c.var.caller);
  const events = await listRefundEvents(db, refundId);
  const seen = Number(c.req.valid('header')['Last-Event-ID'] ?? 0);
  // An id of another refund says nothing about this one: every event is new.
  const afterId = events.some((event) => event.id === seen) ? seen : 0;
  const missed = events.filter((event) => event.id > afterId);
  const last = events.at(-1);
  if (missed.length === 0 && last !== undefined && isTerminal(last)) return c.body(null, 204);
  // An answer without a body has no stream that anybody could read.
  if (c.req.method === 'HEAD') return c.body(null, 200, STREAM_HEADERS);
  c.header('Retry-After', String(RETRY_AFTER_S));
  const opener = {
    ...c.var.caller,
    isUnprovedAdmin: c.var.isUnprovedAdmin,
    key: c.var.apiKey ?? null,
    sessionId: c.var.session?.id ?? null,
    isProved: c.var.session !== null && hasSecondFactor(c.var.session.amr),
    endsAt: c.var.credentialsEndAt,
  };
  const stream = refundEvents.open({ ...opener, refundId, afterId, missed });
  c.header('Retry-After', undefined);
  return c.body(stream, 200, STREAM_HEADERS);
});
