import type { PspPayment } from '../../providers/hyperswitch/outcomes.ts';
import { paymentVerdict } from '../../providers/hyperswitch/verdicts.ts';
import { isUnderWay } from '../marketplace/index.ts';

/**
 * How a payment stands. `underway`: money may come without anybody doing anything more. `unpaid`: it waits for its buyer.
 */
export type Standing = 'captured' | 'cancelled_post_capture' | 'failed' | 'underway' | 'unpaid';

/**
 * `isAwaited`: its buyer is there, and may use another card where the PSP lets them. Otherwise what failed is over: the
 * profile's retries are off.
 */
export function standingOf({ status, manualRetryAllowed }: PspPayment, isAwaited: boolean): Standing {
  const verdict = paymentVerdict(status);
  switch (verdict) {
    case 'succeeded':
    case 'partially_captured':
      return 'captured';
    case 'cancelled_post_capture':
      return verdict;
    case 'failed':
      return isAwaited && manualRetryAllowed === true ? 'unpaid' : 'failed';
    case 'cancelled':
    case 'expired':
      return 'failed';
    case 'waiting':
      return isUnderWay(status) ? 'underway' : 'unpaid';
  }
}
