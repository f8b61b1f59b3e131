import type { OnboardingAnswer, OnboardingAsk } from '../../domain/sellers/index.ts';
import {
  readStripeAccount,
  type AccountClaim,
  askAccount,
  releaseAccount,
  readLinkAsk,
  recordAccountLink,
  detachAccount,
  recordAccountGone,
} from '../../db/sellers/index.ts';
import { raiseFlag } from '../../db/kernel/index.ts';
import type { CreateAccountOutcome, StripeAccount } from '../../providers/stripe/outcomes.ts';
import { KEY_TOO_OLD_MS, permitsNewKey } from '../../providers/stripe/permits-new-key.ts';
import type { PayoutDeps } from './deps.ts';
import { whileHeartbeating, retryLater, withoutSentence } from '../kernel/index.ts';
import { refreshAccount, keepAccount } from '../marketplace/index.ts';

type Ask = Extract<AccountClaim, { kind: 'ask' }>;

const ASK_AGAIN: OnboardingAnswer = {
  refused: { code: 'engine_unavailable', detail: 'Stripe gives no link now. Ask again.' },
};

/** Stripe's clock and ours may differ. */
const CLOCKS_DIFFER_MS = 60 * 60 * 1000;

export function createOnboardingActivities(deps: PayoutDeps) {
  const { db, stripe, settings, log } = deps;
  const { transfer: policy } = settings;

  async function keep(userId: string, account: StripeAccount): Promise<OnboardingAnswer> {
    await keepAccount(deps, userId, account);
    const { stripeAccountId } = account;
    log.info({ userId, stripeAccountId }, 'Stripe account connected');
    return { stripeAccountId };
  }

  /** Null where Stripe's list shows no account of the seller. */
  async function lookUp({ userId, firstAskedAtMs }: Ask): Promise<StripeAccount | null> {
    const listed = await stripe.findAccount({ userId, createdSinceMs: firstAskedAtMs - CLOCKS_DIFFER_MS });
    if (listed.kind === 'found') return listed.account;
    if (listed.kind === 'not_found') return null;
    throw retryLater('stripe_unreadable', "Stripe's list of accounts cannot be read", policy);
  }

  async function judge(claim: Ask, outcome: CreateAccountOutcome): Promise<OnboardingAnswer> {
    const { userId } = claim;
    if (outcome.kind === 'created') return keep(userId, outcome.account);
    if (outcome.kind === 'unauthorized') {
      await raiseFlag(db, 'stripe_refuses_our_key', 'stripe', outcome.message);
      throw retryLater('stripe_refuses_our_key', 'Stripe refuses our key', policy);
    }
    if (outcome.kind === 'rate_limited') {
      throw retryLater('rate_limit', 'Stripe asked us to slow down', policy, outcome.retryAfterMs ?? 0);
    }
    const message = outcome.kind === 'unknown' ? outcome.reason : outcome.message;
    const word = outcome.kind === 'unknown' ? withoutSentence(message) : outcome.kind;
    if (!permitsNewKey(outcome, Date.now() - claim.askedAtMs)) {
      throw retryLater('stripe_unknown_outcome', word, policy);
    }
    const found = await lookUp(claim);
    if (found) return keep(userId, found);
    await releaseAccount(db, userId);
    if (outcome.kind === 'unknown') throw retryLater('stripe_unknown_outcome', word, policy);
    return { refused: { code: 'stripe_account_refused', detail: message } };
  }

  async function connect(userId: string, country: string | null): Promise<OnboardingAnswer> {
    const claim = await askAccount(db, { userId, country });
    if (claim.kind === 'connected') return { stripeAccountId: claim.stripeAccountId };
    if (Date.now() - claim.askedAtMs > KEY_TOO_OLD_MS) {
      const found = await lookUp(claim);
      if (found) return keep(userId, found);
      await releaseAccount(db, userId);
      return connect(userId, claim.country);
    }
    const { email, idempotencyKey } = claim;
    const outcome = await stripe.createAccount({
      userId,
      email,
      idempotencyKey,
      ...(claim.country !== null && { country: claim.country }),
    });
    return judge(claim, outcome);
  }

  return {
    /** The seller's account at Stripe, made if there is none or it is gone; asked for until Stripe's answer is known. */
    async connectAccount(
      userId: string,
      { country, mayCreate }: Pick<OnboardingAsk, 'country' | 'mayCreate'>,
    ): Promise<OnboardingAnswer> {
      return whileHeartbeating(async () => {
        const known = await readStripeAccount(db, userId);
        if (known?.stripeAccountId) {
          const { stripeAccountId } = known;
          if (!mayCreate || (await refreshAccount(deps, userId)) !== 'gone') return { stripeAccountId };
          await detachAccount(db, userId, stripeAccountId);
        }
        if (mayCreate) return connect(userId, country ?? null);
        return { refused: { code: 'seller_has_no_account', detail: 'Connect a Stripe account first.' } };
      });
    },

    /**
     * One try at a link to Stripe's forms. The link goes to its row; the waiting caller asks again. `key` belongs to
     * this ask alone, since a link works once.
     */
    async linkAccount(
      userId: string,
      stripeAccountId: string,
      ask: OnboardingAsk & { readonly key: string },
    ): Promise<OnboardingAnswer> {
      return whileHeartbeating(async () => {
        const pages = ask.linkAskId === undefined ? null : await readLinkAsk(db, ask.linkAskId);
        // The caller waits no more; a link works once, for them alone.
        if (pages === null) return ASK_AGAIN;
        const idempotencyKey = `account-link:${ask.key}`;
        const made = await stripe.createAccountLink({ stripeAccountId, ...pages, idempotencyKey });
        if (made.kind === 'link') {
          await recordAccountLink(db, userId, made);
          return { stripeAccountId };
        }
        if (made.kind === 'account_gone') await recordAccountGone(db, stripeAccountId, made.message);
        if (made.kind === 'refused' || made.kind === 'account_gone') {
          return { refused: { code: 'stripe_account_refused', detail: made.message } };
        }
        log.warn({ userId, outcome: made.kind }, 'Stripe gave no account link');
        return ASK_AGAIN;
      });
    },

    /** Stripe reported a change of the account: the account is read at Stripe, since webhooks come in any order. */
    async refreshAccount(userId: string): Promise<void> {
      await whileHeartbeating(async () => {
        const known = await readStripeAccount(db, userId);
        if (!known?.stripeAccountId) return;
        if ((await refreshAccount(deps, userId)) === null) {
          throw retryLater('stripe_unreadable', 'the account cannot be read', policy);
        }
      });
    },
  };
}
