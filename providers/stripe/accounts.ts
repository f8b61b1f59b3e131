import type Stripe from 'stripe';
import { requireId, requireKey } from '../idempotency-key.ts';
import { readAccountBody, readAccountLinkBody } from './bodies.ts';
import { classifyStripeError, isReplayed } from './classify.ts';
import { createFailure, type LastResponse, readFailure, unexpectedBody } from './failures.ts';
import { listAll } from './list-all.ts';
import type {
  CreateAccountLinkOutcome,
  CreateAccountOutcome,
  FindAccountOutcome,
  ReadAccountOutcome,
} from './outcomes.ts';

export interface CreateAccountRequest {
  /** Our id; goes into the metadata, where `findAccount` finds it again. */
  userId: string;
  email: string;
  /** ISO 3166-1 alpha-2; absent: the platform's own country. Nobody can change it later. */
  country?: string;
  idempotencyKey: string;
}

export interface AccountLinkRequest {
  stripeAccountId: string;
  /** Where the seller returns to after the forms. */
  returnUrl: string;
  /** Where a link that has expired leads. */
  refreshUrl: string;
  idempotencyKey: string;
}

/** Sellers' connected accounts. As for all calls, outcomes are returned, never thrown. */
export interface AccountCalls {
  createAccount(request: CreateAccountRequest): Promise<CreateAccountOutcome>;
  /** Reads the list of accounts made since then: Stripe cannot search by metadata. */
  findAccount(wanted: { userId: string; createdSinceMs: number }): Promise<FindAccountOutcome>;
  readAccount(stripeAccountId: string): Promise<ReadAccountOutcome>;
  createAccountLink(request: AccountLinkRequest): Promise<CreateAccountLinkOutcome>;
}

export function accountCalls(stripe: Stripe): AccountCalls {
  return {
    async createAccount(request) {
      const params = accountParams(request);
      const options = { idempotencyKey: requireKey(request.idempotencyKey) };
      return stripe.accounts.create(params, options).then(
        (made) => created(made),
        (error: unknown) => createFailure(classifyStripeError(error)),
      );
    },

    async findAccount(wanted) {
      const userId = requireId('userId', wanted.userId);
      const since = { gte: Math.floor(wanted.createdSinceMs / 1000) };
      const listed = await listAll(
        (cursor) => stripe.accounts.list({ created: since, ...cursor }),
        readAccountBody,
      );
      if (listed.kind !== 'all') return readFailure(listed);
      const account = listed.items.findLast((item) => item.userId === userId);
      return account ? { kind: 'found', account } : { kind: 'not_found' };
    },

    async readAccount(stripeAccountId) {
      return stripe.accounts.retrieve(requireId('stripeAccountId', stripeAccountId)).then(
        (read): ReadAccountOutcome => {
          const account = readAccountBody(read);
          return account ? { kind: 'account', account } : unexpectedBody(read.lastResponse);
        },
        (error: unknown) => readFailure(classifyStripeError(error)),
      );
    },

    async createAccountLink({ stripeAccountId, returnUrl, refreshUrl, idempotencyKey }) {
      const params: Stripe.AccountLinkCreateParams = {
        account: requireId('stripeAccountId', stripeAccountId),
        type: 'account_onboarding',
        return_url: returnUrl,
        refresh_url: refreshUrl,
      };
      return stripe.accountLinks.create(params, { idempotencyKey: requireKey(idempotencyKey) }).then(
        (made): CreateAccountLinkOutcome => {
          const link = readAccountLinkBody(made);
          return link ? { kind: 'link', ...link } : unexpectedBody(made.lastResponse);
        },
        (error: unknown) => createFailure(classifyStripeError(error)),
      );
    },
  };
}

function accountParams({ userId, email, country }: CreateAccountRequest): Stripe.AccountCreateParams {
  return {
    type: 'express',
    email,
    ...(country === undefined ? {} : { country }),
    capabilities: { transfers: { requested: true } },
    // We make the payouts: Stripe's own daily ones would move money past our books.
    settings: { payouts: { schedule: { interval: 'manual' } } },
    metadata: { user_id: requireId('userId', userId) },
  };
}

function created(made: { lastResponse: LastResponse }): CreateAccountOutcome {
  const account = readAccountBody(made);
  if (!account) return unexpectedBody(made.lastResponse);
  return { kind: 'created', account, replayed: isReplayed(made.lastResponse.headers) };
}
