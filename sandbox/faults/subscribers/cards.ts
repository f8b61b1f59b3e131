import { CARDS, isAtThePsp } from './paying.ts';
import { ask, type Subscriber } from './subscriber.ts';

export async function newCard(of: Subscriber): Promise<void> {
  const { control, chance, pick, subscribed } = of;
  const asked = await ask(of, 'payment-method', {});
  const setupId = asked?.payment?.payment_id;
  if (setupId === undefined || !(await isAtThePsp(of, setupId)) || chance(0.1)) return;
  if (control.payment(setupId).status !== 'cancelled') control.pay(setupId, { card: pick(CARDS) });
  subscribed.cards += 1;
}

/** The bank declines from now on, or the card is gone. */
export function breakCard({ personId, control, random }: Subscriber): void {
  const method = control.methods(personId).at(-1);
  if (method === undefined) return;
  const { payment_method_id: id } = method;
  const how = random();
  if (how < 0.4) control.setMethod(id, { charges: { declineCode: 'insufficient_funds' } });
  else if (how < 0.6) control.killMethod(id, 'lost');
  else if (how < 0.8) control.killMethod(id, 'detached');
  else control.setMethod(id, { charges: 'want_buyer' });
}

export function healCards({ personId, control }: Subscriber): void {
  for (const { payment_method_id: id, isAttached } of control.methods(personId))
    if (isAttached) control.setMethod(id, { charges: 'succeed' });
}
