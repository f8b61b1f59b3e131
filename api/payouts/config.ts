import type { Config } from '../../config.ts';

/** What is read here of the environment. */
export type PayoutsConfig = Pick<Config, 'PAYOUT_MINIMUM_MINOR'>;
