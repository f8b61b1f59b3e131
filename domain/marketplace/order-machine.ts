import { machineAllows, type Machine, type TransitionCause } from '../kernel/index.ts';

export const ORDER_STATUSES = [
  'pending',
  'completed',
  'failed',
  'refund_pending',
  'partially_refunded',
  'refunded',
] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

export const ORDER: Machine<OrderStatus> = {
  name: 'order',
  statuses: ORDER_STATUSES,
  transitions: {
    pending: ['completed', 'failed'],
    completed: ['refund_pending', 'partially_refunded', 'refunded'],
    refund_pending: ['completed', 'partially_refunded', 'refunded', 'failed'],
    partially_refunded: ['refund_pending', 'refunded'],
    // A payment that came late or wrong is given back, so a failed order can still owe its buyer a refund.
    failed: ['refund_pending'],
    refunded: [],
  },
  // A bank returned a refund: the order stands again, licences and all.
  reviewedTransitions: { refunded: ['completed', 'partially_refunded'], partially_refunded: ['completed'] },
  // A lost dispute was won after all.
  wonBackTransitions: { refunded: ['completed', 'partially_refunded'], partially_refunded: ['completed'] },
};

export const canTransition = (from: string, to: string, by?: TransitionCause) =>
  machineAllows(ORDER, from, to, by);
