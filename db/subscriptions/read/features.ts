import { FREE_FEATURES } from '../../../domain/subscriptions/features.ts';
import type { Db, Tx } from '../../client.ts';
import type { PlanFeatures } from '../schema.ts';
import { type GateTerms, readStanding } from './standing.ts';

/**
 * What a person may do by their plan: its features where there is an effective payment, else Free's. The one function that
 * says so; test/style/features.test.ts finds others.
 */
export async function featuresOf(db: Db | Tx, userId: string, terms: GateTerms): Promise<PlanFeatures> {
  return (await readStanding(db, userId, terms))?.features ?? FREE_FEATURES;
}
