import type { BillingTerms } from '../../domain/subscriptions/index.ts';
import { CATALOG_CLOSING } from '../catalog/index.ts';
import type { ClosingPart } from '../kernel/index.ts';
import { subscriptionsClosing } from '../subscriptions/index.ts';

/** What each subject hides of a person who leaves. */
export const closingParts = (terms: BillingTerms): readonly ClosingPart[] => [
  CATALOG_CLOSING,
  subscriptionsClosing(terms),
];
