import { expect } from 'vitest';
import { begun } from './subscription-charges.ts';
import { replace, type Troubled, whyItStays } from './subscription-deeds.ts';
import { end } from './subscription-money.ts';
import type { Life } from './subscription-run.ts';
import { type Books, liveOf } from './subscriptions.ts';

// Free, which nobody pays for and no workflow looks after.

export async function subscribeToFree(life: Life, books: Books, how: Troubled): Promise<void> {
  await life.within(books, how.trouble, async () => {
    const live = liveOf(books);
    const stays = live !== null && (live.plan === 'free' || whyItStays(live, await life.now()));
    const answer = await life.post('/subscriptions/subscribe', { plan_id: 'free' });
    expect(answer).toBe(stays ? 'subscription_exists' : null);
    if (stays) return;
    if (live !== null) replace(books, live);
    const { id, createdAt } = await life.of.ofPerson(life.person);
    const free = { plan: 'free', cycle: 'monthly', price: 0 } as const;
    books.subs.push(
      begun(id, free, createdAt.getTime(), { status: 'active', trialEnd: null, refused: books.refused }),
    );
  });
}

export async function leaveFree(life: Life, books: Books): Promise<void> {
  await life.within(books, 'none', async () => {
    expect(await life.post('/subscriptions/cancel', {})).toBe(null);
    end(books, liveOf(books)!, 'canceled', 'asked');
  });
}

/** What only those have who pay. */
const REFUSED = {
  '/subscriptions/change': ['payment_method_required', { plan_id: 'creator' }],
  '/subscriptions/pay': ['invoice_not_payable', {}],
  '/subscriptions/reactivate': ['not_reactivatable', {}],
  '/subscriptions/payment-method': ['subscription_not_found', {}],
} as const;
export type Refused = keyof typeof REFUSED;
export const REFUSED_TO_FREE = Object.keys(REFUSED) as Refused[];

export async function askedOfFree(life: Life, books: Books, path: Refused): Promise<void> {
  await life.within(books, 'none', async () => {
    const [code, body] = REFUSED[path];
    expect(await life.post(path, body)).toBe(code);
  });
}
