import type { Config } from '../../config.ts';

/** The variables of the environment that these routes read. */
export type WebhooksConfig = Pick<Config, 'HYPERSWITCH_WEBHOOK_SECRET' | 'STRIPE_WEBHOOK_SECRET'>;
