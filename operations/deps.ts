import type { Logger } from 'pino';
import type { Db } from '../db/client.ts';
import type { Purchases } from '../db/marketplace/index.ts';
import { createPurchases, type PurchaseVariables } from '../db/purchases.ts';
import {
  type BillingTerms,
  billingTermsOf,
  type BillingTime,
  invoiceTermsOf,
} from '../domain/subscriptions/index.ts';
import type { Engine } from '../engine/port/index.ts';

/** The dependencies of operators' actions: the same for the API, the console and the command line. */
export interface OperationsDeps {
  readonly db: Db;
  readonly engine: Engine;
  readonly log: Logger;
  readonly settings: OperationsSettings;
}

export interface OperationsSettings {
  /** Minor units of any currency: the most that one admin decides alone within a day. */
  readonly fourEyesAboveMinor: number;
  /** What refunds may be of, and who bears the platform's fee of what an operator refunds. */
  readonly purchases: Purchases;
  /** How fast the time runs that subscribers pay for. */
  readonly billingTime: BillingTime;
  /** By which the subscription of somebody who leaves is cancelled. */
  readonly billingTerms: BillingTerms;
  /** For how long somebody who leaves may stay after all. */
  readonly deletionGraceMs: number;
}

/** Settings from the environment, the same for every entrance. */
export const operationsSettings = (
  config: PurchaseVariables &
    Parameters<typeof billingTermsOf>[0] & {
      readonly FOUR_EYES_ABOVE_MINOR: number;
      readonly DELETION_GRACE: number;
    },
): OperationsSettings => ({
  fourEyesAboveMinor: config.FOUR_EYES_ABOVE_MINOR,
  purchases: createPurchases(config),
  billingTime: invoiceTermsOf(config).time,
  billingTerms: billingTermsOf(config),
  deletionGraceMs: config.DELETION_GRACE,
});
