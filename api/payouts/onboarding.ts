import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { readStripeAccount, closeLinkAsk, openLinkAsk } from '../../db/sellers/index.ts';
import { VezaError } from '../../domain/errors.ts';
import type { OnboardingAnswer } from '../../domain/sellers/index.ts';
import type { ApiEnv } from '../context.ts';
import { AccountLink, showAccountLink, showStripeAccount, StripeAccount } from './stripe-account-view.ts';

const URL_MAX = 2048;
const pageUrl = () => z.url({ protocol: /^https?$/ }).max(URL_MAX);

/** Where Stripe's forms send the seller. */
export const linkFields = {
  return_url: pageUrl().openapi({
    description: 'Where you return to after the forms',
    example: 'https://shop.example/back',
  }),
  refresh_url: pageUrl()
    .optional()
    .openapi({ description: 'Where an expired link leads; `return_url` unless told' }),
};
export const Onboarding = z.object({ account: StripeAccount, link: AccountLink }).openapi('Onboarding');

/** Asks the engine for the account and a new link, and reads both from their rows. */
export async function onboard(
  c: Context<ApiEnv>,
  {
    return_url: returnUrl,
    refresh_url: refreshUrl = returnUrl,
  }: { return_url: string; refresh_url?: string | undefined },
  make: { readonly mayCreate: boolean; readonly country?: string },
): Promise<z.infer<typeof Onboarding>> {
  const { db, engine } = c.var.deps;
  const { userId } = c.var.caller;
  c.set('mayStillBeCarriedOut', true);
  const linkAskId = await openLinkAsk(db, userId, { returnUrl, refreshUrl });
  let answer: OnboardingAnswer;
  try {
    answer = await engine.onboardSeller(userId, { ...make, linkAskId });
  } finally {
    await closeLinkAsk(db, linkAskId);
  }
  if ('refused' in answer) throw VezaError.from(answer.refused);
  const row = await readStripeAccount(db, userId);
  const account = showStripeAccount(row);
  const link = showAccountLink(row);
  if (account === null || link === null) throw new Error(`seller ${userId} was linked and is not`);
  return { account, link };
}
