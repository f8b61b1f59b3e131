export { bodiesOver, maskBody } from './mask-body.ts';
export { UNHANDED_WEBHOOKS, WEBHOOKS_FIGURES } from './figures.ts';
export { listWebhooksForReplay, type ReplayFilter } from './for-replay.ts';
export { listWebhookEvents, readWebhookEvent, type WebhookEventRow } from './list.ts';
export { requestReplay } from './request-replay.ts';
export {
  WEBHOOK_OUTCOMES,
  WEBHOOK_PROVIDERS,
  webhookEvents,
  type WebhookOutcome,
  type WebhookProvider,
} from './schema.ts';
export { failWebhook, settleWebhook } from './settle.ts';
export { webhookStore } from './store.ts';
export { readStoredWebhook } from './stored-webhook.ts';
export { tellStripeMode } from './tell-stripe-mode.ts';
export { isWebhookUnderWay } from './under-way.ts';
export { WEBHOOKS_WORK } from './work.ts';
export { WEBHOOKS_NAMED } from './named.ts';
