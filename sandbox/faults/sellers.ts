import { setTimeout as sleep } from 'node:timers/promises';
import type { Veza } from '../cli/veza.ts';
import { randomFrom } from '../../stand-ins/kernel/random.ts';
import { type Bought, type BuyerTask, insistAs, type Shop } from './buyers.ts';

/** Prices whose fee leaves what Stripe does not send (KWD, ISK), or does not pay out (HUF). Minor units. */
const OFF_GRAIN = [
  { title: 'Dunes (stems)', amount: 5_130, currency: 'KWD' },
  { title: 'Geysir (stems)', amount: 11_500, currency: 'ISK' },
  { title: 'Duna (stems)', amount: 10_035, currency: 'HUF' },
];
/** Small, so that sellers can still give back what is refunded. Minor units; off the grain of all three. */
const PAYOUT_MINOR = 335;
const PAYOUT_EVERY_MS = 1_500;
const STRANGE_EVENT_EVERY_MS = 1_000;

/** Each seller sells something in a currency of which Stripe does not take every amount. */
export async function sellOffGrain(
  veza: Pick<Veza, 'apiUrl'>,
  bought: Bought,
  { sellerTokens }: Pick<Shop, 'sellerTokens'>,
): Promise<Shop['products']> {
  const products: { id: string; currency: string }[] = [];
  for (const token of sellerTokens) {
    for (const wanted of OFF_GRAIN) {
      const { status, body } = await insistAs(token, { veza, bought })(
        'POST',
        '/marketplace/products',
        wanted,
      );
      if (body.product === undefined) throw new Error(`a product was answered ${status}`);
      products.push({ id: body.product.id, currency: wanted.currency });
    }
  }
  return products;
}

/** Sellers have a little paid out, one after the other, until it is told to stop. */
export async function payOut(
  { veza, shop, bought, run }: Pick<BuyerTask, 'veza' | 'shop' | 'bought' | 'run'>,
  until: AbortSignal,
): Promise<void> {
  const random = randomFrom(run.seed * 1_000 + 999);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  while (!until.aborted) {
    const call = insistAs(pick(shop.sellerTokens), { veza, bought });
    const { currency } = pick(shop.products);
    const { status, body } = await call('POST', '/sellers/me/payouts', { amount: PAYOUT_MINOR, currency });
    if (body.payout !== undefined) bought.payouts += 1;
    else if (status === 400) bought.refusedPayouts += 1;
    else throw new Error(`a payout was answered ${status}: ${JSON.stringify(body)}`);
    await sleep(PAYOUT_EVERY_MS, undefined, { signal: until }).catch(() => undefined);
  }
}

/**
 * Sends events about our objects from Stripe's other mode, where all transfers are reversed and no payout arrives. If
 * Veza believes any of them, the books differ in the end.
 */
export async function tellOfTheOtherMode(
  { veza, bought, run }: { veza: Pick<Veza, 'stripe'>; bought: Bought; run: BuyerTask['run'] },
  until: AbortSignal,
): Promise<void> {
  const { control } = veza.stripe;
  const random = randomFrom(run.seed * 1_000 + 998);
  const pick = <T>(all: readonly T[]): T | undefined => all[Math.floor(random() * all.length)];
  const tell = async (type: string, object: object, account?: string) => {
    bought.otherMode += 1;
    const id = `evt_other_mode_${run.seed}_${bought.otherMode}`;
    const event = { id, object: 'event', type, livemode: true, ...(account !== undefined && { account }) };
    const created = Math.floor(Date.now() / 1_000);
    await control.sendWebhook(JSON.stringify({ ...event, created, data: { object } })).catch(() => undefined);
  };
  while (!until.aborted) {
    const transfer = pick(control.transfers());
    if (transfer !== undefined) {
      const reversed = { ...transfer, amount_reversed: transfer.amount, reversed: true };
      await tell('transfer.reversed', { ...reversed, livemode: true });
      const payout = pick(control.payouts(transfer.destination));
      if (payout !== undefined) {
        const failed = { ...payout, status: 'failed', failure_message: 'of the other mode', livemode: true };
        await tell('payout.failed', failed, transfer.destination);
      }
    }
    await sleep(STRANGE_EVENT_EVERY_MS, undefined, { signal: until }).catch(() => undefined);
  }
}
