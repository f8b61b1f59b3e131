import { lockManySubscriptions } from '../../db/subscriptions/index.ts';
import type { SubjectPart } from '../row-kind.ts';
import { SUBSCRIPTIONS_FLAG_WORDS } from './flags.ts';
import { stuckInvoice } from './invoice.ts';
import { ROWS } from './story.ts';
import { overdueSubscription } from './subscription.ts';

export { refundInvoice } from './invoice-actions.ts';

export const SUBSCRIPTIONS = {
  rows: ROWS,
  stuck: { invoice: stuckInvoice, subscription: overdueSubscription },
  flags: SUBSCRIPTIONS_FLAG_WORDS,
  lockMany: (tx, idsOf) =>
    lockManySubscriptions(tx, { subscriptionIds: idsOf('subscription'), invoiceIds: idsOf('invoice') }),
} as const satisfies SubjectPart;
