/** The bodies of Stripe's API, API version 2026-10-28.endive. Amounts are in minor units, times in seconds. */

export const API_VERSION = '2026-10-28.endive';

export type Metadata = Record<string, string>;

export interface Transfer {
  id: string;
  object: 'transfer';
  amount: number;
  amount_reversed: number;
  balance_transaction: string;
  created: number;
  currency: string;
  description: string | null;
  destination: string;
  destination_payment: string;
  livemode: false;
  metadata: Metadata;
  reversed: boolean;
  source_transaction: string | null;
  source_type: 'card';
  transfer_group: string | null;
}

export interface TransferReversal {
  id: string;
  object: 'transfer_reversal';
  amount: number;
  balance_transaction: string;
  created: number;
  currency: string;
  destination_payment_refund: string;
  metadata: Metadata;
  source_refund: null;
  transfer: string;
}

type PayoutStatus = 'pending' | 'in_transit' | 'paid' | 'failed' | 'canceled';

export interface Payout {
  id: string;
  object: 'payout';
  amount: number;
  arrival_date: number;
  automatic: false;
  balance_transaction: string;
  created: number;
  currency: string;
  description: string | null;
  destination: string;
  failure_balance_transaction: string | null;
  failure_code: string | null;
  failure_message: string | null;
  livemode: false;
  metadata: Metadata;
  method: string;
  original_payout: null;
  reversed_by: null;
  source_type: 'card';
  statement_descriptor: string | null;
  status: PayoutStatus;
  type: 'bank_account';
}

export interface Account {
  id: string;
  object: 'account';
  business_profile: { name: string | null };
  capabilities: { transfers: 'active' | 'inactive' };
  charges_enabled: boolean;
  country: string;
  created: number;
  default_currency: string;
  details_submitted: boolean;
  email: string | null;
  metadata: Metadata;
  payouts_enabled: boolean;
  requirements: { currently_due: string[]; disabled_reason: string | null };
  type: string;
}

export interface TransferRecord {
  body: Transfer;
  reversals: TransferReversal[];
}

export interface PayoutRecord {
  body: Payout;
  /** null: the platform's own. */
  account: string | null;
  settlesItself: boolean;
}

export interface AccountRecord {
  body: Account;
  /** Available, by currency. Below zero only where the check is off. */
  balances: Record<string, number>;
  /** Closed, or its owner took our access back: the wording by which transfers to it are refused. */
  goneAs?: GoneWording;
}

/** Both wordings occur: the destination does not exist for us, or we have no access to it. */
export const GONE_WORDINGS = ['no_such_destination', 'account_invalid'] as const;
export type GoneWording = (typeof GONE_WORDINGS)[number];

/** The first answer under a key, kept whatever it was. */
export interface StoredKey {
  scope: string;
  endpoint: string;
  fingerprint: string;
  status: number;
  body: object;
  requestId: string;
  atMs: number;
}

export const PAYOUT_MODES = ['auto', 'manual'] as const;
export type PayoutMode = (typeof PAYOUT_MODES)[number];
