import { providerId } from '../kernel/ids.ts';
import { type Books, nowSeconds } from './books.ts';
import { destinationGone, noAccessToAccount } from './errors.ts';
import type { Account, AccountRecord, GoneWording, Metadata } from './types.ts';

export interface NewAccount {
  id?: string | undefined;
  payoutsEnabled?: boolean | undefined;
  transfersEnabled?: boolean | undefined;
  email?: string | undefined;
  country?: string | undefined;
  currency?: string | undefined;
  type?: string | undefined;
  metadata?: Metadata | undefined;
}

export function createAccount(books: Books, o: NewAccount): AccountRecord {
  const isReady = o.payoutsEnabled ?? true;
  const body: Account = {
    id: o.id ?? providerId('acct', 16),
    object: 'account',
    business_profile: { name: null },
    capabilities: { transfers: (o.transfersEnabled ?? isReady) ? 'active' : 'inactive' },
    charges_enabled: isReady,
    country: o.country ?? 'US',
    created: nowSeconds(),
    default_currency: o.currency ?? 'usd',
    details_submitted: isReady,
    email: o.email ?? null,
    metadata: o.metadata ?? {},
    payouts_enabled: isReady,
    requirements: isReady
      ? { currently_due: [], disabled_reason: null }
      : { currently_due: ['external_account'], disabled_reason: 'requirements.past_due' },
    type: o.type ?? 'express',
  };
  const record: AccountRecord = { body, balances: {} };
  books.accounts.set(body.id, record);
  return record;
}

/** The account; made at its first use where any `acct_…` id is accepted; undefined where it is gone. */
export function findAccount(books: Books, id: string): AccountRecord | undefined {
  const known = books.accounts.get(id);
  if (known?.goneAs !== undefined) return undefined;
  if (known !== undefined || !books.autoAccounts || !id.startsWith('acct_')) return known;
  return createAccount(books, { id });
}

export function requireAccount(books: Books, id: string): AccountRecord {
  const record = findAccount(books, id);
  if (record === undefined) throw noAccessToAccount(id);
  return record;
}

/** The account that a transfer or a list of transfers names. */
export function requireDestination(books: Books, id: string): AccountRecord {
  const record = findAccount(books, id);
  if (record === undefined) throw destinationGone(id, books.accounts.get(id)?.goneAs);
  return record;
}

/** The owner took our access back, or the account was closed: from now on every call to it fails. */
export function loseAccount(books: Books, record: AccountRecord, wording: GoneWording): void {
  record.goneAs = wording;
  const application = { id: 'ca_sandbox', object: 'application', name: 'Veza' };
  books.emit('account.application.deauthorized', application, { account: record.body.id });
}

/** The account of a Stripe-Account header; undefined: the platform itself. */
export function actingAccount(books: Books, header: string | undefined): AccountRecord | undefined {
  if (header === undefined) return undefined;
  const record = findAccount(books, header);
  if (record === undefined) throw noAccessToAccount(header);
  return record;
}

/** The seller finishes Stripe's forms. */
export function completeOnboarding(books: Books, record: AccountRecord): void {
  const { body } = record;
  if (body.payouts_enabled && body.capabilities.transfers === 'active') return;
  updateAccount(books, record, { payoutsEnabled: true, transfersEnabled: true });
}

export function updateAccount(
  books: Books,
  record: AccountRecord,
  o: Pick<NewAccount, 'payoutsEnabled' | 'transfersEnabled'>,
): void {
  const { body } = record;
  const previous = { payouts_enabled: body.payouts_enabled, charges_enabled: body.charges_enabled };
  if (o.payoutsEnabled !== undefined) {
    body.payouts_enabled = o.payoutsEnabled;
    body.charges_enabled = o.payoutsEnabled;
    body.details_submitted ||= o.payoutsEnabled;
    body.requirements = o.payoutsEnabled
      ? { currently_due: [], disabled_reason: null }
      : { currently_due: ['external_account'], disabled_reason: 'requirements.past_due' };
  }
  if (o.transfersEnabled !== undefined)
    body.capabilities.transfers = o.transfersEnabled ? 'active' : 'inactive';
  books.emit('account.updated', body, { account: body.id, previous });
}

export function addToBalance(record: AccountRecord, currency: string, amountMinor: number): void {
  record.balances[currency] = (record.balances[currency] ?? 0) + amountMinor;
}

/** A platform currency without a limit stays without one. */
export function addToPlatform(books: Books, currency: string, amountMinor: number): void {
  const available = books.platformBalances[currency];
  if (available !== undefined) books.platformBalances[currency] = available + amountMinor;
}
