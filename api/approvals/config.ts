import type { Config } from '../../config.ts';

/** The variables of the environment that these routes read. */
export type ApprovalsConfig = Pick<Config, 'FOUR_EYES_ABOVE_MINOR' | 'REFUND_FEE_POLICY'>;
