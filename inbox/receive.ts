import { v7 as uuidv7 } from 'uuid';
import { VezaError } from '../domain/errors.ts';
import { asPlainText, maskForGood, message } from '../domain/kernel/index.ts';
import {
  failWebhook,
  settleWebhook,
  type webhookEvents,
  type WebhookOutcome,
  type WebhookProvider,
  webhookStore,
} from '../db/webhooks/index.ts';
import { personsAt } from '../db/schema/personal.ts';
import { parseHyperswitchEvent } from '../providers/webhooks/hyperswitch-event.ts';
import { parseStripeEvent } from '../providers/webhooks/stripe-event.ts';
import { ID_MAX_CHARS } from '../providers/webhooks/unusable.ts';
import { bodyHash, eventKey } from '../providers/webhooks/verify.ts';
import { aboutOf } from './about.ts';
import type { InboxDeps } from './deps.ts';
import { dispatchHyperswitch, dispatchStripe } from './dispatch.ts';
import type { Dispatched } from './dispatched.ts';

export interface Received {
  readonly outcome: WebhookOutcome;
}

interface NewEvent {
  readonly provider: WebhookProvider;
  readonly eventId: string;
  readonly type: string;
  readonly about: string | null;
}

const storeWebhook = webhookStore(personsAt);

export type StoredEvent = typeof webhookEvents.$inferSelect;

/**
 * Takes a Hyperswitch webhook whose signature has been verified: stores it, notifies the workflow that waits for it,
 * and decides nothing about money. Throws `webhook_malformed` where it cannot be read, and `engine_unavailable` where
 * it is stored but not dispatched, so that the PSP sends it again.
 */
export async function receiveHyperswitch(
  deps: InboxDeps,
  rawBody: Uint8Array,
  json: unknown,
): Promise<Received> {
  const event = parseHyperswitchEvent(json);
  if (event.subject === 'invalid') {
    throw new VezaError('webhook_malformed', `The webhook cannot be read: ${event.reason}.`, {
      reason: event.reason,
    });
  }
  const eventId = event.eventId === null ? bodyHash(rawBody) : eventKey(event.eventId);
  const about = aboutOf(event);
  return take(
    deps,
    { provider: 'hyperswitch', eventId, type: event.type, about },
    rawBody,
    json,
    (webhookId) => dispatchHyperswitch(deps, event, webhookId),
  );
}

/** The same for a Stripe event that `constructEventAsync` has accepted. */
export async function receiveStripe(deps: InboxDeps, rawBody: Uint8Array, json: unknown): Promise<Received> {
  const event = parseStripeEvent(json);
  if (event.subject === 'invalid') {
    throw new VezaError('webhook_malformed', `The webhook cannot be read: ${event.reason}.`, {
      reason: event.reason,
    });
  }
  const eventId = eventKey(event.eventId);
  const about = aboutOf(event);
  return take(deps, { provider: 'stripe', eventId, type: event.type, about }, rawBody, json, (webhookId) =>
    dispatchStripe(deps, event, webhookId),
  );
}

async function take(
  deps: InboxDeps,
  event: NewEvent,
  rawBody: Uint8Array,
  json: unknown,
  dispatch: (webhookId: string) => Promise<Dispatched>,
): Promise<Received> {
  const body = new TextDecoder().decode(rawBody);
  const type = shortened(event.type);
  const masked = JSON.stringify(maskForGood(json));
  const { id, outcome, isOver } = await storeWebhook(deps.db, { ...event, id: uuidv7(), type, body, masked });
  // A duplicate of a processed webhook changes nothing; a webhook that was only stored is dispatched again.
  if (isOver) return { outcome };
  return settleStored(deps, { ...event, id, type }, () => dispatch(id));
}

/** Dispatches a stored webhook and writes the outcome onto its row. Throws what `dispatch` throws. */
export async function settleStored(
  { db, log }: InboxDeps,
  stored: Pick<StoredEvent, 'id' | 'provider' | 'eventId' | 'type'>,
  dispatch: () => Promise<Dispatched>,
): Promise<Dispatched> {
  let dispatched: Dispatched;
  try {
    dispatched = await dispatch();
  } catch (error) {
    await failWebhook(db, stored.id, message(error instanceof Error ? error.message : String(error)));
    throw error;
  }
  const { outcome, note } = dispatched;
  await settleWebhook(db, stored.id, { outcome, note: note === null ? null : message(note) });
  const { id: webhookId, provider, eventId, type } = stored;
  log.info({ webhookId, provider, eventId, type, outcome, note }, 'webhook taken');
  return dispatched;
}

/** A type that is too long or holds a NUL is unmatched; the body keeps it as it came. */
const shortened = (type: string) => asPlainText(type.slice(0, ID_MAX_CHARS));
