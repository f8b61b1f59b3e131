import { eq } from 'drizzle-orm';
import { webhookEvents } from '../db/webhooks/index.ts';
import { bodyGone } from '../domain/webhooks/index.ts';
import { parseHyperswitchEvent } from '../providers/webhooks/hyperswitch-event.ts';
import { parseStripeEvent } from '../providers/webhooks/stripe-event.ts';
import { dispatchHyperswitch, dispatchStripe } from './dispatch.ts';
import { type Dispatched, unhandled } from './dispatched.ts';
import type { InboxDeps } from './deps.ts';
import { settleStored, type StoredEvent } from './receive.ts';

/** Dispatches a stored webhook again, even a processed one: workflows and rows find their work done. */
export async function redispatch(deps: InboxDeps, stored: StoredEvent): Promise<Dispatched> {
  return settleStored(deps, stored, () => dispatchBody(deps, stored));
}

/**
 * Dispatches a webhook that was stored and not handed on: the engine was away, or we did not know its object. Null
 * where it was handed on meanwhile. Throws `engine_unavailable`.
 */
export async function redriveWebhook(deps: InboxDeps, webhookId: string): Promise<Dispatched | null> {
  const [stored] = await deps.db.select().from(webhookEvents).where(eq(webhookEvents.id, webhookId));
  if (stored === undefined || (stored.processedAt !== null && stored.outcome !== 'unmatched')) return null;
  return redispatch(deps, stored);
}

async function dispatchBody(deps: InboxDeps, { id, provider, body }: StoredEvent): Promise<Dispatched> {
  if (body === null) throw bodyGone(id);
  const json: unknown = JSON.parse(body);
  const event = provider === 'hyperswitch' ? parseHyperswitchEvent(json) : parseStripeEvent(json);
  if (event.subject === 'invalid') return unhandled(`it cannot be read: ${event.reason}`);
  switch (event.subject) {
    case 'refund':
    case 'payment':
    case 'dispute':
      return dispatchHyperswitch(deps, event, id);
    default:
      return dispatchStripe(deps, event, id);
  }
}

/**
 * The inbox as a sweep needs it. An event that a sweep read is not stored, so the workflow reads it at the PSP once
 * more.
 */
export const createSweepInbox = (deps: InboxDeps) => ({
  dispatch: (event: Parameters<typeof dispatchHyperswitch>[1]) => dispatchHyperswitch(deps, event, null),
  redrive: (webhookId: string) => redriveWebhook(deps, webhookId),
});
