import { z } from 'zod';
import type { Tx } from '../../db/client.ts';
import { lockNamed } from '../../db/kernel/index.ts';
import type { Refund } from '../../db/marketplace/index.ts';
import {
  chargeNow,
  type Invoice,
  lockInvoice,
  retryInvoice,
  type SubscriptionWork,
  voidInvoice,
} from '../../db/subscriptions/index.ts';
import { effectOf } from '../../domain/kernel/index.ts';
import type { RefundAsk } from '../../domain/marketplace/index.ts';
import { INVOICE_ACTIONS, invoiceSubject } from '../../domain/subscriptions/index.ts';
import { paramsOf, reasonOf } from '../acting.ts';
import { refundPurchase, type StartWork } from '../marketplace/index.ts';
import type { RowAction, Snapshot } from '../row-kind.ts';
import { moneyOf } from '../telling.ts';
import { lookNow, wake, workOf } from './subscription-actions.ts';

async function snapshot(tx: Tx, invoiceId: string): Promise<Snapshot> {
  const { invoice } = await lockNamed(tx, 'invoice', invoiceId, lockInvoice);
  return { status: invoice.status, money: moneyOf(invoice) };
}

const nowOf = ({ id, status }: Invoice) => ({ subject: invoiceSubject(id), status });

const retry: RowAction<Invoice, SubscriptionWork> = {
  action: 'retry',
  kind: 'invoice',
  refusals: ['invoice_not_found', 'invoice_not_payable'],
  snapshot,
  async act(tx, invoiceId, act) {
    const { subscription, invoice } = await retryInvoice(tx, { invoiceId, ...act });
    return { done: invoice, now: nowOf(invoice), work: await workOf(tx, subscription.id) };
  },
  notify: lookNow,
  describeEffect: (standing) => effectOf(INVOICE_ACTIONS.retry, standing),
};

interface ChargeWork {
  readonly label: SubscriptionWork;
  readonly isUnderWay: boolean;
}

const charge: RowAction<Invoice, ChargeWork> = {
  action: 'charge_now',
  kind: 'invoice',
  refusals: ['invoice_not_found', 'invoice_not_payable', 'payment_method_required'],
  snapshot,
  async act(tx, invoiceId, act, { billingTime }) {
    const ask = { invoiceId, ...act, reason: reasonOf(act) };
    const { subscription, invoice, isUnderWay } = await chargeNow(tx, ask, billingTime);
    return {
      done: invoice,
      now: nowOf(invoice),
      work: { label: await workOf(tx, subscription.id), isUnderWay },
    };
  },
  async notify(deps, { label, isUnderWay }) {
    if (!isUnderWay) return wake(deps, label);
    await lookNow(deps, label);
    return { note: 'A payment of it is under way: the PSP is asked about that one, and no other is made.' };
  },
  describeEffect: (standing) => effectOf(INVOICE_ACTIONS.charge_now, standing),
};

const makeVoid: RowAction<Invoice, SubscriptionWork> = {
  action: 'void_invoice',
  kind: 'invoice',
  refusals: ['invoice_not_found', 'invoice_not_payable'],
  snapshot,
  async act(tx, invoiceId, act, { billingTime }) {
    const ask = { invoiceId, ...act, reason: reasonOf(act) };
    const { subscription, invoice } = await voidInvoice(tx, ask, billingTime);
    return { done: invoice, now: nowOf(invoice), work: await workOf(tx, subscription.id) };
  },
  notify: wake,
  describeEffect: (standing) => effectOf(INVOICE_ACTIONS.void_invoice, standing),
};

/** A part of an invoice, in minor units, and whether its subscription ends with it. Neither: all that is left. */
const Part = z.strictObject({ amount: z.unknown().optional(), endAccess: z.boolean().optional() });
type Part = Pick<RefundAsk, 'amount' | 'endAccess'>;

interface RefundWork extends StartWork {
  /** Of an active one: a change that waited for its money may be given up, whose payment its workflow ends at the PSP. */
  readonly subscription?: SubscriptionWork;
}

/** An admin refunds somebody's invoice, or a part of it. */
export function refundInvoice(part: Part): RowAction<Refund, RefundWork> {
  const refund = refundPurchase('invoice', part);
  return {
    ...refund,
    action: 'refund_invoice',
    refusals: [
      'invoice_not_found',
      'invoice_not_refundable',
      'invoice_disputed',
      'refund_already_requested',
      'refund_amount_invalid',
      'refund_forbidden',
    ],
    async act(tx, invoiceId, act, settings) {
      const { work, ...acted } = await refund.act(tx, invoiceId, act, settings);
      const { subscription } = await lockInvoice(tx, invoiceId);
      if (subscription.status !== 'active') return { ...acted, work };
      return { ...acted, work: { ...work, subscription: await workOf(tx, subscription.id) } };
    },
    async notify(deps, { subscription, ...work }) {
      await refund.notify(deps, work);
      return subscription === undefined ? null : wake(deps, subscription);
    },
    describeEffect: (standing) => effectOf(INVOICE_ACTIONS.refund_invoice, standing),
    askedWith(params) {
      const { amount, endAccess } = paramsOf(Part, params);
      return refundInvoice({
        ...(amount !== undefined && { amount }),
        ...(endAccess !== undefined && { endAccess }),
      });
    },
  };
}

export const INVOICE_ROW_ACTIONS = [retry, charge, makeVoid, refundInvoice({})] as readonly RowAction[];
