import { eq } from 'drizzle-orm';
import { expect } from 'vitest';
import { webhookEvents } from '../../db/webhooks/schema.ts';
import type { StripeFault } from '../../stand-ins/stripe/index.ts';
import { openFlags, transferRow } from './read.ts';
import type { World } from './world.ts';

// Trouble at Stripe that meets one story alone, so that others in the same world go on.

export type Trouble = Exclude<StripeFault, { kind: `${string}Webhook${string}` }>;

/** On calls that would send a transfer to this account. */
export const onTransfersTo = (world: World, accountId: string, trouble: Trouble): string =>
  world.stripe.control.addFault({
    ...trouble,
    match: 'transfers.create',
    where: { destination: accountId },
  });

/** On the look-ups of transfers to this account. */
export const onTransferLookUps = (world: World, accountId: string, trouble: Trouble): string =>
  world.stripe.control.addFault({ ...trouble, match: 'transfers.list', where: { destination: accountId } });

/** On the look-ups of transfers by their group. */
export const onTransferSearches = (world: World, orderId: string | null, trouble: Trouble): string =>
  world.stripe.control.addFault({
    ...trouble,
    match: 'transfers.list',
    ...(orderId !== null && { where: { transfer_group: orderId } }),
  });

/** On calls that would reverse this Stripe transfer. */
export const onReversalsOf = (world: World, stripeTransferId: string, trouble: Trouble): string =>
  world.stripe.control.addFault({
    ...trouble,
    match: 'transfers.createReversal',
    where: { id: stripeTransferId },
  });

/** On the look-ups of this Stripe transfer's reversals. */
export const onReversalLookUps = (world: World, stripeTransferId: string, trouble: Trouble): string =>
  world.stripe.control.addFault({
    ...trouble,
    match: 'transfers.listReversals',
    where: { id: stripeTransferId },
  });

/** A definite no, which Stripe keeps under the key. */
export const REFUSED = { kind: 'status', status: 400, stored: true } as const satisfies Trouble;

/** Stripe does not know the transfer: no other attempt can help. */
export const NOT_THERE = {
  kind: 'status',
  status: 404,
  body: { error: { type: 'invalid_request_error', code: 'resource_missing', message: 'No such transfer' } },
} as const satisfies Trouble;

export const STRIPE_IS_DOWN = { kind: 'status', status: 503, times: 'always' } as const satisfies Trouble;

/** Stripe makes a transfer of ours that nobody was told of, as a request does that was thought lost. */
export async function madeBehindOurBack(
  world: World,
  transfer: { readonly id: string; readonly orderId: string; readonly amountMinor: number },
  accountId: string,
): Promise<string> {
  const answer = await fetch(`${world.stripe.url}/v1/transfers`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${world.config.STRIPE_SECRET_KEY}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({
      amount: String(transfer.amountMinor),
      currency: 'usd',
      destination: accountId,
      transfer_group: transfer.orderId,
      'metadata[order_id]': transfer.orderId,
      'metadata[transfer_id]': transfer.id,
    }),
  });
  const { id } = (await answer.json()) as { id: string };
  return id;
}

/** The same, when the row has ended without it: Stripe's webhook is listed and flagged. */
export async function madeAfterAll(world: World, transferId: string, accountId: string): Promise<string> {
  const stripeTransferId = await madeBehindOurBack(world, await transferRow(world, transferId), accountId);
  await world.stripe.control.waitForDelivery((delivery) => delivery.objectId === stripeTransferId);
  const [event] = await world.database.db
    .select()
    .from(webhookEvents)
    .where(eq(webhookEvents.about, stripeTransferId));
  expect(event).toMatchObject({ type: 'transfer.created', outcome: 'unhandled' });
  expect(await openFlags(world, 'transfer_happened_after_all', `transfer/${transferId}`)).toHaveLength(1);
  return stripeTransferId;
}

/** Stripe makes a payout of ours that nobody was told of. */
export async function paidOutBehindOurBack(
  world: World,
  payout: { readonly id: string; readonly amountMinor: number },
  accountId: string,
  asDone: { readonly amountMinor?: number; readonly currency?: string } = {},
): Promise<string> {
  const answer = await fetch(`${world.stripe.url}/v1/payouts`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${world.config.STRIPE_SECRET_KEY}`,
      'stripe-account': accountId,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({
      amount: String(asDone.amountMinor ?? payout.amountMinor),
      currency: asDone.currency ?? 'usd',
      'metadata[payout_id]': payout.id,
    }),
  });
  const { id } = (await answer.json()) as { id: string };
  return id;
}

/** Stripe carries a reversal of ours out that nobody was told of, as a request does that was thought lost. */
export async function reversedBehindOurBack(
  world: World,
  stripeTransferId: string,
  reversal: { readonly id: string; readonly refundId: string | null; readonly amountMinor: number },
): Promise<string> {
  const answer = await fetch(`${world.stripe.url}/v1/transfers/${stripeTransferId}/reversals`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${world.config.STRIPE_SECRET_KEY}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({
      amount: String(reversal.amountMinor),
      'metadata[reversal_id]': reversal.id,
      'metadata[refund_id]': reversal.refundId ?? '',
    }),
  });
  const { id } = (await answer.json()) as { id: string };
  return id;
}
