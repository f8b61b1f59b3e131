import type { DeclineClass } from './decline.ts';

/** A card that the PSP kept and that may be charged without its holder. It goes into no history. */
export interface ReportedCard {
  readonly providerPaymentMethodId: string;
  /** The same for one card under any customer; null where the PSP does not say. */
  readonly fingerprint: string | null;
  readonly brand: string;
  readonly last4: string;
  readonly expMonth: number;
  readonly expYear: number;
}

/** What the PSP says of an attempt's payment, from a webhook or from a look-up. Only this ends an attempt. */
export interface AttemptReport {
  readonly verdict: 'captured' | 'failed' | 'cancelled_post_capture';
  /** What the PSP received, in minor units; null where nothing was captured. */
  readonly receivedMinor: number | null;
  readonly currency: string | null;
  readonly message: string | null;
  /** Of a failed payment: the PSP's own word for how it stands; null where the PSP has none. */
  readonly providerStatus: string | null;
  /** The charge behind the payment at the connector, where it is known. */
  readonly connectorTransactionId: string | null;
  /** Of a failed payment: why, and whether the card may be charged again. */
  readonly decline: { readonly code: string | null; readonly class: DeclineClass } | null;
  /** The card that it was paid with; null where it cannot be charged later. */
  readonly card: ReportedCard | null;
  /** Of a failed payment: it can never be captured any more. */
  readonly dead?: true;
  /** Above 1 where the PSP retries by itself. */
  readonly attemptCount: number;
}
