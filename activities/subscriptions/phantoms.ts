import type { PhantomLook } from '../../domain/subscriptions/phantoms.ts';
import { readSubscriptionLabel } from '../../db/subscriptions/label.ts';
import {
  endIfPhantom,
  isPhantomNow,
  listPhantoms,
  listUnpaidAttempts,
} from '../../db/subscriptions/phantoms.ts';
import { findUnnamedMoney, flagUnnamedMoney } from '../../db/subscriptions/unnamed-money.ts';
import { paymentEvent } from '../../providers/webhooks/as-event.ts';
import { whileHeartbeating } from '../kernel/index.ts';
import type { SubscriptionDeps } from './deps.ts';
import { standingOf } from './standing.ts';

export function createPhantomActivities({ db, engine, psp, inbox, settings, log }: SubscriptionDeps) {
  const { billing } = settings;

  /** Asks the PSP about each attempt that brought nothing. */
  async function askPsp(subscriptionId: string, dryRun: boolean): Promise<'paid' | 'unpaid' | 'unreadable'> {
    for (const attemptId of await listUnpaidAttempts(db, subscriptionId)) {
      const found = await psp.readPayment(attemptId);
      if (found.kind === 'not_found') continue;
      if (found.kind !== 'payment') return 'unreadable';
      if (standingOf(found.payment, false) !== 'captured') continue;
      if (!dryRun) await inbox.dispatch(paymentEvent(found.payment));
      return 'paid';
    }
    return 'unpaid';
  }

  async function look(subscriptionId: string, sweepId: string, dryRun: boolean): Promise<PhantomLook> {
    // Paid and not activated is our fault: a person mends it, and nothing is ended over it.
    const isPaid = dryRun
      ? (await findUnnamedMoney(db, subscriptionId)) !== null
      : await flagUnnamedMoney(db, subscriptionId);
    if (isPaid) return 'left';
    const asked = await askPsp(subscriptionId, dryRun);
    if (asked === 'paid') return 'paid';
    if (asked === 'unreadable') return 'left';
    if (dryRun) return (await isPhantomNow(db, subscriptionId, billing)) ? 'expired' : 'left';
    const why = 'it said that it is in force, and nobody had paid';
    if ((await endIfPhantom(db, subscriptionId, { sweepId, why }, billing)) === null) return 'left';
    const label = await readSubscriptionLabel(db, subscriptionId);
    if (label !== undefined) await engine.wakeSubscription(label);
    log.warn({ subscriptionId, sweepId }, 'phantom expired');
    return 'expired';
  }

  return {
    listPhantomSubscriptions: (after: string | null, limit: number): Promise<string[]> =>
      listPhantoms(db, { after, limit }, billing),

    /** Asks about a batch at the PSP, and ends those that nobody paid; a dry run changes nothing. */
    lookAtPhantoms: (ids: readonly string[], sweepId: string, dryRun: boolean): Promise<PhantomLook[]> =>
      whileHeartbeating(async () => {
        const looks: PhantomLook[] = [];
        for (const id of ids) looks.push(await look(id, sweepId, dryRun));
        return looks;
      }),
  };
}
