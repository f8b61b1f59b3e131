import type { HyperswitchReader } from '../../providers/hyperswitch/client.ts';
import type { ReconcileDeps } from './deps.ts';
import { createSweepActivities } from './sweep.ts';

export const createReconcileActivities = (deps: ReconcileDeps) =>
  createSweepActivities({ ...deps, psp: readerOf(deps.psp) });

/** At run time too, not only by its type, a sweep has no call that creates. */
const readerOf = (psp: HyperswitchReader): HyperswitchReader => {
  const { readPayment, readRefund, listRefunds, listDisputes } = psp;
  return { readPayment, readRefund, listRefunds, listDisputes };
};
