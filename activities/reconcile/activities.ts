import type { HyperswitchReader } from '../../providers/hyperswitch/client.ts';
import type { ReconcileDeps } from './deps.ts';
import { createSweepActivities } from './sweep.ts';

export const createReconcileActivities = (deps: ReconcileDeps) =>
  createSweepActivities({ ...deps, psp: readerOf(deps.psp) });

/** Not only by its type: what a sweep has in its hands cannot create. */
const readerOf = (psp: HyperswitchReader): HyperswitchReader => {
  const { readPayment, readRefund, listRefunds, listDisputes } = psp;
  return { readPayment, readRefund, listRefunds, listDisputes };
};
