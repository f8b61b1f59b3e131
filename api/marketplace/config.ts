import type { Config } from '../../config.ts';

/** What is read here of the environment. */
export type MarketplaceConfig = Pick<Config, 'OPEN_ORDERS_MAX'>;
