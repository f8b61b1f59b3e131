import { readStripeAccount, recordAccountGone } from '../../db/sellers/index.ts';
import { recordAccount } from '../../db/marketplace/transfers/record-account.ts';
import type { StripeAccount } from '../../providers/stripe/outcomes.ts';
import type { MarketplaceDeps } from './deps.ts';

/**
 * Reads a seller's account at Stripe, keeps Stripe's answer and wakes the transfers that wait for it. `gone`: Stripe
 * says that it is closed, or not ours any more. Null where it cannot be read.
 */
export async function refreshAccount(
  deps: Pick<MarketplaceDeps, 'db' | 'engine' | 'stripe'>,
  userId: string,
): Promise<StripeAccount | 'gone' | null> {
  const known = await readStripeAccount(deps.db, userId);
  if (known === null || known.stripeAccountId === null) return null;
  const read = await deps.stripe.readAccount(known.stripeAccountId);
  if (read.kind === 'account_gone') {
    await recordAccountGone(deps.db, known.stripeAccountId, read.message);
    return 'gone';
  }
  if (read.kind !== 'account') return null;
  await keepAccount(deps, userId, read.account);
  return read.account;
}

export async function keepAccount(
  { db, engine }: Pick<MarketplaceDeps, 'db' | 'engine'>,
  userId: string,
  account: StripeAccount,
): Promise<void> {
  for (const transfer of await recordAccount(db, userId, account)) await engine.retryTransfer(transfer);
}
