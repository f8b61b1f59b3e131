import { eq } from 'drizzle-orm';
import type { AttemptReport } from '../../domain/subscriptions/messages.ts';
import type { Done } from '../../domain/subscriptions/step.ts';
import { MissingRow } from '../../db/kernel/index.ts';
import { advance } from '../../db/subscriptions/advance.ts';
import { settleAttempt } from '../../db/subscriptions/attempts/settle.ts';
import { type InvoicePayment, invoicePayments, invoices } from '../../db/subscriptions/invoices/schema.ts';
import { followUp } from '../marketplace/index.ts';
import type { SubscriptionDeps } from './deps.ts';

/** An attempt, and whose it is. */
export interface OwnedAttempt {
  readonly attempt: InvoicePayment;
  readonly subscriptionId: string;
}

/** What activities do with a report of an attempt's payment. */
export function attemptSettlement({ db, engine, settings, log }: SubscriptionDeps) {
  const next = async (subscriptionId: string): Promise<Done> => ({
    step: await advance(db, subscriptionId, settings.billing),
  });
  return {
    /** What is next where nothing was settled. */
    next,

    /** Settles in one transaction, starts what follows, and says what is next. */
    async settle({ attempt, subscriptionId }: OwnedAttempt, report: AttemptReport): Promise<Done> {
      const settled = await settleAttempt(db, attempt.id, report, settings.billing);
      if (settled.giveBack) await engine.startRefund(settled.giveBack.refundId, settled.giveBack.label);
      if (settled.settled) await followUp(engine, settled.settled);
      const { outcome } = settled;
      log.info(
        { subscriptionId, attemptId: attempt.id, verdict: report.verdict, outcome },
        'attempt settled',
      );
      return next(subscriptionId);
    },

    async attemptOf(attemptId: string): Promise<OwnedAttempt> {
      const [row] = await db
        .select({ attempt: invoicePayments, subscriptionId: invoices.subscriptionId })
        .from(invoicePayments)
        .innerJoin(invoices, eq(invoices.id, invoicePayments.invoiceId))
        .where(eq(invoicePayments.id, attemptId));
      if (row === undefined) throw new MissingRow('attempt', attemptId);
      return row;
    },
  };
}

/** A failed payment of which the PSP said no more. */
export const failedAttempt = (
  message: string | null,
  decline: AttemptReport['decline'] = null,
): AttemptReport => ({
  verdict: 'failed',
  receivedMinor: null,
  currency: null,
  message,
  providerStatus: null,
  connectorTransactionId: null,
  decline,
  card: null,
  attemptCount: 1,
});
