import { subscriptionWorkflowId } from '../../domain/subscriptions/ids.ts';
import type { Db } from '../client.ts';
import { raiseFlag } from '../kernel/index.ts';

/** Nobody knows what became of a payment that the PSP refuses to show: a person finds out. `reason`: for people. */
export const flagUnreadPayment = (
  db: Db,
  subscriptionId: string,
  paymentId: string,
  reason: string,
): Promise<void> =>
  raiseFlag(
    db,
    'renewal_unanswered',
    subscriptionWorkflowId(subscriptionId),
    `The payment ${paymentId} cannot be read at the PSP: ${reason}`,
  );
