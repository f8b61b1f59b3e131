import { providerId } from '../kernel/ids.ts';
import type { Books } from './books.ts';
import { hashOf, shownCard } from './cards.ts';
import { Refusal } from './errors.ts';
import type { Card, MethodRecord, Payment, PaymentRecord } from './types.ts';

/** An unknown customer is made by the payment that names it. */
export function rememberCustomer(books: Books, customerId: string): void {
  if (books.customers.has(customerId)) return;
  books.customers.set(customerId, { customer_id: customerId, created_at: new Date().toISOString() });
}

export function findMethod(books: Books, methodId: string): MethodRecord {
  const method = books.methods.get(methodId);
  if (method === undefined) throw new Refusal('method_not_found');
  return method;
}

/** The card on file that a charge without the buyer names, or the router's refusal. */
export function chargeableMethod(books: Books, methodId: string, customerId: string): MethodRecord {
  if (!books.customers.has(customerId)) throw new Refusal('customer_not_found');
  const method = findMethod(books, methodId);
  if (!method.isAttached) throw new Refusal('method_not_found');
  if (method.customer_id !== customerId)
    throw new Refusal('precondition_failed', 'customer_id must match mandate customer_id');
  if (method.status !== 'active' || method.isEligible === false) throw new Refusal('no_connector');
  return method;
}

/** Whether the payment's card is kept: the buyer has a customer, was asked, and has agreed. */
export const keepsCard = ({ body, isAccepted }: PaymentRecord): boolean =>
  body.customer_id !== null && body.setup_future_usage === 'off_session' && isAccepted;

/** The same card of the same customer always has the same id. */
export function keepMethod(books: Books, customerId: string, card: Card): MethodRecord {
  const methodId = `pm_${hashOf(`${customerId} ${card.numberHash}`).slice(0, 20)}`;
  const known = books.methods.get(methodId);
  if (known !== undefined) {
    if (!known.isAttached) Object.assign(known, { isAttached: true, status: 'active' });
    Object.assign(known.card, { expMonth: card.expMonth, expYear: card.expYear });
    return known;
  }
  const method: MethodRecord = {
    payment_method_id: methodId,
    customer_id: customerId,
    status: 'active',
    isEligible: true,
    isAttached: true,
    networkTransactionId: providerId('', 15).slice(1),
    card: structuredClone(card),
  };
  books.methods.set(methodId, method);
  return method;
}

/** A card on file in a payment's body. */
export function shownMethod(method: MethodRecord): Partial<Payment> {
  const { payment_method_id, status, isEligible, networkTransactionId } = method;
  return {
    payment_method_id,
    payment_method_status: status,
    payment_method_tokenization_details: {
      payment_method_id,
      payment_method_status: status,
      psp_tokenization: true,
      network_tokenization: false,
      network_transaction_id: networkTransactionId,
      ...(isEligible === null ? {} : { is_eligible_for_mit_payment: isEligible }),
    },
    network_transaction_id: networkTransactionId,
    payment_method_data: shownCard(method.card),
  };
}

/** As a look-up shows it: the card on file as it stands now. */
export function withMethod(books: Books, body: Payment): Payment {
  const method = body.payment_method_id === null ? undefined : books.methods.get(body.payment_method_id);
  return method === undefined ? body : { ...body, ...shownMethod(method) };
}

/** `lost`, `stolen`, `expired`: the bank declines from now on. `detached`: the customer no longer has it. */
export const METHOD_DEATHS = ['lost', 'stolen', 'expired', 'detached'] as const;
export type MethodDeath = (typeof METHOD_DEATHS)[number];

export function killMethod(books: Books, methodId: string, death: MethodDeath): MethodRecord {
  const method = findMethod(books, methodId);
  if (death === 'detached') Object.assign(method, { isAttached: false, status: 'inactive' });
  else method.card.absent = { kind: 'declines', words: { declineCode: `${death}_card` } };
  if (death === 'expired') method.card.expYear = String(new Date().getUTCFullYear() - 1);
  return method;
}
