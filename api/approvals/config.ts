import type { Config } from '../../config.ts';

/** What is read here of the environment. */
export type ApprovalsConfig = Pick<Config, 'FOUR_EYES_ABOVE_MINOR' | 'REFUND_FEE_POLICY'>;
