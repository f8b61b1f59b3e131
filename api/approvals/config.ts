import type { Config } from '../../config.ts';
import type { PurchaseVariables } from '../../db/purchases.ts';

/** The variables of the environment that these routes read. */
export type ApprovalsConfig = Pick<Config, 'FOUR_EYES_ABOVE_MINOR' | keyof PurchaseVariables>;
