import type { HyperswitchSandbox } from '../../stand-ins/hyperswitch/index.ts';

export type Payment = ReturnType<HyperswitchSandbox['control']['payments']>[number];

export const CAPTURED = new Set(['succeeded', 'partially_captured']);
export const OVER = new Set(['failed', 'cancelled', 'expired']);

/** The buyer may still pay, with another card where the first was declined. */
export const isOpen = ({ status, manual_retry_allowed: mayRetry }: Payment): boolean =>
  status.startsWith('requires_') || (status === 'failed' && mayRetry === true);
