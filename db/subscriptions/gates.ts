import { VezaError } from '../../domain/errors.ts';
import type { Db, Tx } from '../client.ts';
import { type GateTerms, readStanding } from './read/standing.ts';
import type { PlanFeatures } from './schema.ts';

/** What a gate asks for, and how it refuses. */
interface Gate {
  readonly feature: 'canDistribute' | 'canSellOnMarketplace';
  /** For those whose plan has it, and who have not paid. */
  readonly noPayment: string;
  /** For those without such a plan. */
  readonly noPlan: string;
}

const DISTRIBUTION: Gate = {
  feature: 'canDistribute',
  noPayment: 'Your subscription is not linked to a payment. Complete payment to enable distribution.',
  noPlan: 'Distribution requires Creator or Premium plan.',
};
const SELLING: Gate = {
  feature: 'canSellOnMarketplace',
  noPayment: 'Your subscription is not linked to a payment. Complete payment to enable selling.',
  noPlan: 'Selling requires Creator or Premium plan.',
};

/** Throws `subscription_no_payment` and `plan_required`. */
export const assertMayDistribute = (db: Db | Tx, userId: string, terms: GateTerms) =>
  pass(DISTRIBUTION, db, userId, terms);

/** Throws `subscription_no_payment` and `plan_required`. */
export const assertMaySell = (db: Db | Tx, userId: string, terms: GateTerms) =>
  pass(SELLING, db, userId, terms);

async function pass(
  { feature, noPayment, noPlan }: Gate,
  db: Db | Tx,
  userId: string,
  terms: GateTerms,
): Promise<void> {
  const standing = await readStanding(db, userId, terms);
  const given: PlanFeatures | undefined = standing?.features;
  if (given?.[feature]) return;
  if (standing?.plan.features[feature]) throw new VezaError('subscription_no_payment', noPayment);
  throw new VezaError('plan_required', noPlan);
}
