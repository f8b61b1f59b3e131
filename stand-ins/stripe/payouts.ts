import { providerId } from '../kernel/ids.ts';
import { addToBalance, addToPlatform } from './accounts.ts';
import { type Books, nowSeconds } from './books.ts';
import { insufficientPlatformBalance, missing, refused } from './errors.ts';
import type { Params } from './form.ts';
import { requireGrain } from './grain.ts';
import type { AccountRecord, Payout, PayoutRecord } from './types.ts';

const DAY_SECONDS = 86_400;

export function findPayout(books: Books, id: string, account: string | null): PayoutRecord {
  const record = books.payouts.get(id);
  // Another account's payout does not exist for this one.
  if (record === undefined || record.account !== account) throw missing('payout', id, 'payout');
  return record;
}

export function createPayout(books: Books, params: Params, account: AccountRecord | undefined): PayoutRecord {
  const amount = params.requiredAmount('amount');
  const currency = params.currency();
  const description = params.text('description');
  const metadata = params.metadata();
  const method = params.text('method') ?? 'standard';
  const statement = params.text('statement_descriptor');
  const destination = params.text('destination');
  params.ignore('source_type').done();

  requireGrain(currency, amount, 'payout');
  if (account !== undefined && !account.body.payouts_enabled) {
    const message = `Payouts are not enabled for the account '${account.body.id}'.`;
    throw refused(400, message, { code: 'payouts_not_allowed' });
  }
  const available =
    account === undefined ? books.platformBalances[currency] : (account.balances[currency] ?? 0);
  if (available !== undefined && available < amount) throw insufficientPlatformBalance();

  const created = nowSeconds();
  const payout: Payout = {
    id: providerId('po'),
    object: 'payout',
    amount,
    arrival_date: created + DAY_SECONDS,
    automatic: false,
    balance_transaction: providerId('txn'),
    created,
    currency,
    description: description ?? null,
    destination: destination ?? providerId('ba'),
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    livemode: false,
    metadata,
    method,
    original_payout: null,
    reversed_by: null,
    source_type: 'card',
    statement_descriptor: statement ?? null,
    status: 'pending',
    type: 'bank_account',
  };
  const settlesItself = books.payoutMode === 'auto';
  const record: PayoutRecord = { body: payout, account: account?.body.id ?? null, settlesItself };
  books.payouts.set(payout.id, record);
  move(books, record, -amount);
  return record;
}

/** A paid payout may still fail days later: then the money comes back. */
export function settlePayout(
  books: Books,
  record: PayoutRecord,
  status: 'paid' | 'failed',
  message?: string,
): void {
  const { body } = record;
  const wasFailed = body.status === 'failed';
  record.settlesItself = false;
  body.status = status;
  if (status === 'failed') {
    body.failure_code = 'account_closed';
    body.failure_message = message ?? 'The bank account has been closed.';
    body.failure_balance_transaction = providerId('txn');
    if (!wasFailed) move(books, record, body.amount);
  } else {
    body.failure_code = null;
    body.failure_message = null;
    body.failure_balance_transaction = null;
    if (wasFailed) move(books, record, -body.amount);
  }
  books.emit(`payout.${status}`, structuredClone(body), { account: record.account });
}

function move(books: Books, record: PayoutRecord, amountMinor: number): void {
  const { currency } = record.body;
  const account = record.account === null ? undefined : books.accounts.get(record.account);
  if (account === undefined) addToPlatform(books, currency, amountMinor);
  else addToBalance(account, currency, amountMinor);
}
