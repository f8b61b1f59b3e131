import type { Config } from '../../config.ts';

/** The variables of the environment that these routes read. */
export type MarketplaceConfig = Pick<Config, 'OPEN_ORDERS_MAX' | 'ENGINE_CALLS_MAX' | 'ENGINE_WAIT_MAX'>;
