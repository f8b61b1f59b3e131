import type { Config } from '../../config.ts';

/** The variables of the environment that these routes read. */
export type PrivacyConfig = Pick<Config, 'DELETION_GRACE'>;
