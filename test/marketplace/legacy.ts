import { v7 as uuidv7 } from 'uuid';
import { orders } from '../../db/marketplace/orders/schema.ts';
import { sellerTransfers } from '../../db/marketplace/transfers/schema.ts';
import { makePerson, type Seller } from '../harness/shop.ts';
import type { World } from '../harness/world.ts';

// Rows as an older system left them: sent, and nobody kept Stripe's id.

type TransferSet = Partial<typeof sellerTransfers.$inferInsert>;

/** A completed order and its completed transfer to the seller, without Stripe's id. */
export async function legacyTransfer(
  world: World,
  seller: Pick<Seller, 'id' | 'accountId'>,
  set: TransferSet = {},
) {
  const buyer = await makePerson(world, 'user');
  const [orderId, transferId] = [uuidv7(), uuidv7()];
  const amountMinor = set.amountMinor ?? 9_000;
  const at = new Date('2024-05-06T07:08:09Z');
  await world.database.db.insert(orders).values({
    id: orderId,
    buyerId: buyer.id,
    totalMinor: amountMinor,
    capturedMinor: amountMinor,
    capturedCurrency: 'USD',
    currency: 'USD',
    status: 'completed',
    completedAt: at,
    createdAt: at,
  });
  const [transfer] = await world.database.db
    .insert(sellerTransfers)
    .values({
      id: transferId,
      orderId,
      sellerId: seller.id,
      stripeAccountId: seller.accountId,
      amountMinor,
      currency: 'USD',
      status: 'completed',
      completedAt: at,
      createdAt: at,
      ...set,
    })
    .returning();
  return transfer!;
}

/** What that system had sent: Stripe knows the order, and not what we call the transfer. Null leaves a field out. */
export async function sentBefore(
  world: World,
  { orderId, amountMinor }: { readonly orderId: string; readonly amountMinor: number },
  accountId: string,
  set: Record<string, string | null> = {},
): Promise<string> {
  const fields = {
    amount: String(amountMinor),
    currency: 'usd',
    destination: accountId,
    transfer_group: orderId,
    'metadata[order_id]': orderId,
    ...set,
  };
  const answer = await fetch(`${world.stripe.url}/v1/transfers`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${world.config.STRIPE_SECRET_KEY}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams(
      Object.entries(fields).filter((field): field is [string, string] => field[1] !== null),
    ),
  });
  const { id } = (await answer.json()) as { id: string };
  if (!answer.ok) throw new Error(`Stripe did not take it: ${answer.status}`);
  return id;
}
