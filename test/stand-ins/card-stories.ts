import { TEST_CARDS } from '../../stand-ins/hyperswitch/index.ts';
import { type World } from './hyperswitch-harness.ts';

// Payments with cards on file, as the stand-in's tests make them.

export const ACCEPTANCE = {
  acceptance_type: 'online',
  accepted_at: '2026-08-21T10:00:00.000Z',
  online: { ip_address: '127.0.0.1', user_agent: 'test' },
};

export const FIRST = {
  payment_id: 'first',
  amount: 999,
  currency: 'USD',
  customer_id: 'u1',
  setup_future_usage: 'off_session',
  confirm: false,
  session_expiry: 86_400,
};
export const SETUP = { ...FIRST, payment_id: 'setup', amount: 0, payment_type: 'setup_mandate' };

export const charge = (paymentId: string, methodId: string, more: object = {}) => ({
  payment_id: paymentId,
  amount: 999,
  currency: 'USD',
  customer_id: 'u1',
  confirm: true,
  off_session: true,
  mit_category: 'recurring',
  recurring_details: { type: 'payment_method_id', data: methodId },
  ...more,
});

/** The buyer's browser: no API key but the client secret. */
export async function confirm({ call, control }: World, paymentId: string, card: string, more: object = {}) {
  const body = {
    client_secret: control.payment(paymentId).client_secret,
    payment_method: 'card',
    payment_method_data: {
      card: { card_number: card, card_exp_month: '10', card_exp_year: '2030', card_cvc: '737' },
    },
    customer_acceptance: ACCEPTANCE,
    ...more,
  };
  return call('POST', `/payments/${paymentId}/confirm`, body, { 'api-key': 'pk_public' });
}

/** A card on file of `u1`, kept by its first payment. */
export async function onFile(world: World, card: string = TEST_CARDS.good): Promise<string> {
  await world.call('POST', '/payments', FIRST);
  const { payment_method_id } = world.control.pay('first', { card });
  await world.control.idle();
  if (payment_method_id === null) throw new Error('the card was not kept');
  return payment_method_id;
}

export const told = ({ control }: World, paymentId: string) =>
  control.deliveries().flatMap((d) => (d.objectId === paymentId ? [d.type] : []));
