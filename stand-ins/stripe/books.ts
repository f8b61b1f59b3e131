import { createHmac } from 'node:crypto';
import type { Deliverer } from '../kernel/deliveries.ts';
import { isRecord } from '../kernel/fields.ts';
import { providerId } from '../kernel/ids.ts';
import { IdempotencyKeys } from './idempotency.ts';
import {
  type AccountRecord,
  API_VERSION,
  type PayoutMode,
  type PayoutRecord,
  type StoredKey,
  type TransferRecord,
} from './types.ts';

interface Saved {
  accounts: AccountRecord[];
  transfers: TransferRecord[];
  payouts: PayoutRecord[];
  platformBalances: Record<string, number>;
  idempotencyKeys: StoredKey[];
}

/** Everything this Stripe remembers. */
export class Books {
  readonly accounts = new Map<string, AccountRecord>();
  readonly transfers = new Map<string, TransferRecord>();
  readonly payouts = new Map<string, PayoutRecord>();
  /** Available to the platform, by currency; a currency that is not in here is unlimited. */
  platformBalances: Record<string, number> = {};
  readonly keys = new IdempotencyKeys();
  /** Off: accounts go below zero, as where the platform bears losses. */
  enforceConnectedBalance = true;
  autoAccounts = true;
  /** Accounts made through the API are ready right after the answer. */
  autoOnboard = true;
  payoutMode: PayoutMode = 'auto';
  /** Requests a second and endpoint; null: unlimited. */
  rateLimitPerSecond: number | null = null;
  deliverer: Deliverer | undefined;

  toJSON(): object {
    return {
      accounts: [...this.accounts.values()],
      transfers: [...this.transfers.values()],
      payouts: [...this.payouts.values()],
      platformBalances: this.platformBalances,
      idempotencyKeys: this.keys.list(),
    };
  }

  restore(saved: unknown): void {
    if (!isRecord(saved)) return;
    // Our own file, written by toJSON above.
    const { accounts, transfers, payouts, platformBalances, idempotencyKeys } = saved as unknown as Saved;
    for (const account of accounts) this.accounts.set(account.body.id, account);
    for (const transfer of transfers) this.transfers.set(transfer.body.id, transfer);
    for (const payout of payouts) this.payouts.set(payout.body.id, payout);
    this.platformBalances = platformBalances;
    this.keys.restore(idempotencyKeys);
  }

  /** `account`: a connected account's event, as a Connect endpoint gets it. */
  emit(type: string, object: { id: string }, o: { account?: string | null; previous?: object } = {}): void {
    // An account that is gone sends no more events, except the one that says so.
    const isGone = this.accounts.get(o.account ?? '')?.goneAs !== undefined;
    if (isGone && type !== 'account.application.deauthorized') return;
    const eventId = providerId('evt');
    const previous = o.previous === undefined ? {} : { previous_attributes: o.previous };
    const body = JSON.stringify({
      id: eventId,
      object: 'event',
      ...(o.account ? { account: o.account } : {}),
      api_version: API_VERSION,
      created: nowSeconds(),
      data: { object, ...previous },
      livemode: false,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      type,
    });
    this.deliverer?.emit({ eventId, type, objectId: object.id, body });
  }
}

export const nowSeconds = (): number => Math.floor(Date.now() / 1_000);

export function stripeSignature(body: string, secret: string, atSeconds = nowSeconds()): string {
  const v1 = createHmac('sha256', secret).update(`${atSeconds}.${body}`).digest('hex');
  return `t=${atSeconds},v1=${v1}`;
}

/** Three days, ever slower. */
export const RETRY_MINUTES: readonly number[] = [1, 5, 30, 120, 300, 600, 720, 720, 720, 720];
export const EVENTS = [
  'transfer.created',
  'transfer.reversed',
  'transfer.updated',
  'payout.paid',
  'payout.failed',
  'account.updated',
  'account.application.deauthorized',
];
