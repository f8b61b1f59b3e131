import { z } from '@hono/zod-openapi';
import type { StripeAccountRow } from '../../db/sellers/index.ts';
import { Time } from '../kernel/index.ts';

export const StripeAccount = z
  .object({
    stripe_account_id: z.string(),
    transfers_enabled: z
      .boolean()
      .nullable()
      .openapi({ description: 'Whether your shares can be sent to the account; null: Stripe has not said' }),
    payouts_enabled: z
      .boolean()
      .nullable()
      .openapi({ description: 'Whether the account pays out to your bank; null: Stripe has not said' }),
  })
  .openapi('StripeAccount');

export const AccountLink = z
  .object({
    url: z.url().openapi({ description: 'Stripe’s forms; the link works once, for some minutes' }),
    expires_at: Time,
  })
  .openapi('AccountLink');

export function showStripeAccount(row: StripeAccountRow | null): z.infer<typeof StripeAccount> | null {
  if (row === null || row.stripeAccountId === null) return null;
  return {
    stripe_account_id: row.stripeAccountId,
    transfers_enabled: row.transfersEnabled,
    payouts_enabled: row.payoutsEnabled,
  };
}

export function showAccountLink(row: StripeAccountRow | null): z.infer<typeof AccountLink> | null {
  if (!row?.linkUrl || !row.linkExpiresAt) return null;
  return { url: row.linkUrl, expires_at: row.linkExpiresAt.toISOString() };
}
