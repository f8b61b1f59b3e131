import type { Config } from '../../config.ts';

/** What is read here of the environment. */
export type WebhooksConfig = Pick<Config, 'HYPERSWITCH_WEBHOOK_SECRET' | 'STRIPE_WEBHOOK_SECRET'>;
