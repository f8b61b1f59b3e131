import { providerId } from '../kernel/ids.ts';
import { addToBalance, addToPlatform, requireDestination } from './accounts.ts';
import { type Books, nowSeconds } from './books.ts';
import { insufficientAccountBalance, insufficientPlatformBalance, missing, refused } from './errors.ts';
import type { Params } from './form.ts';
import { requireGrain } from './grain.ts';
import type { Metadata, Transfer, TransferRecord, TransferReversal } from './types.ts';

const EMBEDDED_REVERSALS = 10;

/** The transfer as sent: with its newest reversals inside. */
export function transferBody(record: TransferRecord): Transfer & { reversals: object } {
  const url = `/v1/transfers/${record.body.id}/reversals`;
  const data = record.reversals.toReversed().slice(0, EMBEDDED_REVERSALS);
  const { length } = record.reversals;
  return structuredClone({
    ...record.body,
    reversals: { object: 'list', data, has_more: length > data.length, total_count: length, url },
  });
}

export function findTransfer(books: Books, id: string): TransferRecord {
  const record = books.transfers.get(id);
  if (record === undefined) throw missing('transfer', id, 'id');
  return record;
}

export function createTransfer(books: Books, params: Params): TransferRecord {
  const amount = params.requiredAmount('amount');
  const currency = params.currency();
  const destination = params.requiredText('destination');
  const group = params.text('transfer_group');
  const source = params.text('source_transaction');
  const description = params.text('description');
  const metadata = params.metadata();
  params.ignore('source_type').done();

  requireGrain(currency, amount);
  const account = requireDestination(books, destination);
  if (account.body.capabilities.transfers !== 'active') {
    const message =
      'Your destination account needs to have at least one of the following capabilities enabled: transfers, crypto_transfers, legacy_payments';
    throw refused(400, message, { code: 'insufficient_capabilities_for_transfer' });
  }
  if (source !== undefined && !/^(ch|py)_/.test(source)) {
    throw refused(400, `No such charge: '${source}'`, {
      code: 'resource_missing',
      param: 'source_transaction',
    });
  }
  const available = books.platformBalances[currency];
  // A transfer from a charge waits for that charge's funds instead of asking for a balance.
  if (source === undefined && available !== undefined && available < amount)
    throw insufficientPlatformBalance();

  const id = providerId('tr');
  const record: TransferRecord = {
    body: {
      id,
      object: 'transfer',
      amount,
      amount_reversed: 0,
      balance_transaction: providerId('txn'),
      created: nowSeconds(),
      currency,
      description: description ?? null,
      destination,
      destination_payment: providerId('py'),
      livemode: false,
      metadata,
      reversed: false,
      source_transaction: source ?? null,
      source_type: 'card',
      transfer_group: group ?? (source === undefined ? null : `group_${source}`),
    },
    reversals: [],
  };
  books.transfers.set(id, record);
  addToBalance(account, currency, amount);
  if (source === undefined) addToPlatform(books, currency, -amount);
  return record;
}

export function updateTransfer(record: TransferRecord, params: Params): void {
  const description = params.text('description');
  const metadata = params.metadata();
  params.done();
  record.body.description = description ?? record.body.description;
  record.body.metadata = { ...record.body.metadata, ...metadata };
}

export interface ReversalRequest {
  amountMinor?: number | undefined;
  metadata?: Metadata | undefined;
}

/** Takes back from the destination, in the transfer's own currency. */
export function reverseTransfer(books: Books, record: TransferRecord, o: ReversalRequest): TransferReversal {
  const { body } = record;
  const leftMinor = body.amount - body.amount_reversed;
  if (leftMinor === 0) throw refused(400, `The transfer ${body.id} is already fully reversed.`);
  const amount = o.amountMinor ?? leftMinor;
  requireGrain(body.currency, amount);
  if (amount > leftMinor) {
    const [asked, left] = [shown(amount, body.currency), shown(leftMinor, body.currency)];
    const message = `Transfer reversal amount (${asked}) is greater than unreversed amount on transfer (${left})`;
    throw refused(400, message, { param: 'amount' });
  }
  const account = requireDestination(books, body.destination);
  if (books.enforceConnectedBalance && (account.balances[body.currency] ?? 0) < amount) {
    throw insufficientAccountBalance(body.destination);
  }
  const reversal: TransferReversal = {
    id: providerId('trr'),
    object: 'transfer_reversal',
    amount,
    balance_transaction: providerId('txn'),
    created: nowSeconds(),
    currency: body.currency,
    destination_payment_refund: providerId('pyr'),
    metadata: o.metadata ?? {},
    source_refund: null,
    transfer: body.id,
  };
  record.reversals.push(reversal);
  body.amount_reversed += amount;
  body.reversed = body.amount_reversed === body.amount;
  addToBalance(account, body.currency, -amount);
  addToPlatform(books, body.currency, amount);
  return reversal;
}

function shown(amountMinor: number, currency: string): string {
  const format = new Intl.NumberFormat('en-US', { style: 'currency', currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(amountMinor / 10 ** digits);
}
