/** The bodies of Hyperswitch's API, as its router writes them. Amounts are in minor units. */

export type PaymentStatus =
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'cancelled_post_capture'
  | 'processing'
  | 'requires_customer_action'
  | 'requires_merchant_action'
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_capture'
  | 'partially_captured'
  | 'partially_captured_and_capturable'
  | 'partially_authorized_and_requires_capture'
  | 'partially_captured_and_processing'
  | 'conflicted'
  | 'expired'
  | 'review';

export const PAYMENT_STATUSES = [
  'succeeded',
  'failed',
  'cancelled',
  'cancelled_post_capture',
  'processing',
  'requires_customer_action',
  'requires_merchant_action',
  'requires_payment_method',
  'requires_confirmation',
  'requires_capture',
  'partially_captured',
  'partially_captured_and_capturable',
  'partially_authorized_and_requires_capture',
  'partially_captured_and_processing',
  'conflicted',
  'expired',
  'review',
] as const satisfies readonly PaymentStatus[];

export interface Payment {
  payment_id: string;
  merchant_id: string;
  status: PaymentStatus;
  amount: number;
  net_amount: number;
  amount_capturable: number;
  amount_received: number | null;
  connector: string | null;
  client_secret: string;
  created: string;
  currency: string;
  description: string | null;
  return_url: string | null;
  payment_method: string | null;
  capture_method: string;
  profile_id: string;
  attempt_count: number;
  error_code: string | null;
  error_message: string | null;
  cancellation_reason: string | null;
  /** Of a failed payment alone: whether it may be confirmed again. */
  manual_retry_allowed: boolean | null;
  connector_transaction_id: string | null;
  merchant_order_reference_id: string | null;
  metadata: unknown;
  updated: string;
  customer_id: string | null;
  setup_future_usage: string | null;
  off_session: boolean | null;
  payment_method_id: string | null;
  payment_method_status: string | null;
  payment_method_tokenization_details: TokenizationDetails | null;
  network_transaction_id: string | null;
  connector_mandate_id: null;
  /** Null while the merchant's blocklist guard is off. */
  fingerprint: string | null;
  payment_method_data: { card: ShownCard } | null;
  expires_on: string;
  error_reason: string | null;
  unified_code: string | null;
  unified_message: string | null;
  issuer_error_code: string | null;
  issuer_error_message: string | null;
  network_details: { network_advice_code: string } | null;
  next_action: { type: 'redirect_to_url'; redirect_to_url: string } | null;
}

interface TokenizationDetails {
  payment_method_id: string;
  payment_method_status: string;
  psp_tokenization: boolean;
  network_tokenization: boolean;
  network_transaction_id: string;
  /** May be absent. */
  is_eligible_for_mit_payment?: boolean;
}

interface ShownCard {
  last4: string;
  card_network: string;
  card_exp_month: string;
  card_exp_year: string;
}

export interface Customer {
  customer_id: string;
  created_at: string;
}

/** A card as the books keep it: its number is known by a hash alone. */
export interface Card {
  numberHash: string;
  last4: string;
  network: string;
  expMonth: string;
  expYear: string;
  /** What becomes of a charge with the buyer present. */
  present: Ending;
  /** What becomes of a charge without the buyer. */
  absent: Ending;
}

/** Why a bank declines: Stripe's code and what else the router passes on. */
export interface DeclineWords {
  declineCode?: string | undefined;
  errorCode?: string | undefined;
  message?: string | undefined;
  issuerCode?: string | undefined;
  adviceCode?: string | undefined;
  unifiedCode?: string | undefined;
}

/** What becomes of a charge. `afterMs: null`: it is processed until a control settles it. */
export type Ending =
  | { kind: 'succeeds' }
  | { kind: 'declines'; words: DeclineWords }
  | { kind: 'wants_buyer' }
  | { kind: 'processing'; afterMs: number | null; endsAs: Ending };

/** A card on file. */
export interface MethodRecord {
  payment_method_id: string;
  customer_id: string;
  status: string;
  /** Null: the router does not say. */
  isEligible: boolean | null;
  /** Whether the customer still has it: a detached one is unknown to a create. */
  isAttached: boolean;
  networkTransactionId: string;
  card: Card;
}

export type RefundStatus = 'succeeded' | 'failed' | 'pending' | 'review';

export interface Refund {
  refund_id: string;
  payment_id: string;
  amount: number;
  currency: string;
  status: RefundStatus;
  reason: string | null;
  metadata: unknown;
  error_message: string | null;
  error_code: string | null;
  unified_code: string | null;
  unified_message: string | null;
  created_at: string;
  updated_at: string;
  connector: string;
  profile_id: string;
  merchant_connector_id: string;
  split_refunds: null;
  issuer_error_code: string | null;
  issuer_error_message: string | null;
  raw_connector_response: null;
  connector_refund_id: string | null;
}

export const DISPUTE_ENDS = ['won', 'lost', 'accepted', 'cancelled', 'expired', 'challenged'] as const;
export type DisputeEnd = (typeof DISPUTE_ENDS)[number];

export const DISPUTE_STAGES = [
  'pre_dispute',
  'dispute',
  'pre_arbitration',
  'arbitration',
  'dispute_reversal',
] as const;
export type DisputeStage = (typeof DISPUTE_STAGES)[number];

export const DISPUTE_STATUSES = ['opened', ...DISPUTE_ENDS] as const;

export interface Dispute {
  dispute_id: string;
  payment_id: string;
  attempt_id: string;
  /** Only this object has its amount in a string. */
  amount: string;
  currency: string;
  dispute_stage: DisputeStage;
  dispute_status: `dispute_${(typeof DISPUTE_STATUSES)[number]}`;
  connector: string;
  connector_status: string;
  connector_dispute_id: string;
  connector_reason: string;
  connector_reason_code: null;
  challenge_required_by: null;
  is_already_refunded: boolean;
  created_at: string;
}

/** What the books know beyond the body. */
export interface PaymentRecord {
  body: Payment;
  refundIds: string[];
  /** HE_04 without one. */
  hasSuccessfulAttempt: boolean;
  isMethodRefundable: boolean;
  /** Keeps a card and moves no money. */
  isSetup: boolean;
  /** The card that the buyer gave, or that is charged. */
  card: Card | null;
  /** Whether the buyer has agreed that the card is kept. */
  isAccepted: boolean;
  /** How a charge that is processed ends, and when; null where it does not wait. */
  settles: { atMs: number | null; ending: Ending } | null;
  /** A refused charge left it behind: a look-up answers 422. */
  isUnreadable: boolean;
  emitted: string[];
}

export interface RefundRecord {
  body: Refund;
  /** As it stood before its last change: what a read side that is behind still shows. */
  before: Refund | null;
  /** What the connector knows and the router has not asked for yet. */
  atConnector: { status: 'succeeded' | 'failed'; message: string | null } | null;
  /** Whether it settles by itself, also after a restart. */
  settlesItself: boolean;
  emitted: string[];
}

export interface DisputeRecord {
  body: Dispute;
  /** The time of the router's row: it orders lists, and no body shows it. */
  modifiedAt: string;
  emitted: string[];
}

/** auto: pending, settled right after the answer; manual: pending until a control settles it; sync: succeeded at once. */
export const REFUND_MODES = ['auto', 'manual', 'sync'] as const;
export type RefundMode = (typeof REFUND_MODES)[number];

/** sync: a charge without the buyer ends at once; processing: it is processed until a control settles it. */
export const CHARGE_MODES = ['sync', 'processing'] as const;
export type ChargeMode = (typeof CHARGE_MODES)[number];
