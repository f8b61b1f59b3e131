import type { Config } from '../../config.ts';

/** The variables of the environment that these routes read. */
export type PayoutsConfig = Pick<Config, 'PAYOUT_MINIMUM_MINOR'>;
