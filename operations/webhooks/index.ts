import type { SubjectPart } from '../row-kind.ts';
import { stuckWebhook, webhook } from './webhook.ts';

export { webhookEvents, webhooksToReplay } from './webhook.ts';

export const WEBHOOKS = {
  rows: [webhook],
  stuck: { webhook: stuckWebhook },
} as const satisfies SubjectPart;
