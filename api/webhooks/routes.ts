import { hyperswitchWebhook } from './hyperswitch-webhook.ts';
import { listWebhookEvents } from './list-webhook-events.ts';
import { replayWebhook } from './replay-webhook.ts';
import { stripeWebhook } from './stripe-webhook.ts';

/** In the order of the reference page. */
export const WEBHOOKS_ROUTES = [listWebhookEvents, replayWebhook, hyperswitchWebhook, stripeWebhook] as const;
