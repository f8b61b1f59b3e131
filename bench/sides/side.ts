import type { Pids } from '../measure/cpu.ts';

/** An order that is paid and whose seller has the money, and who may ask for it back. */
export interface PaidOrder {
  readonly id: string;
  readonly token: string;
}

/**
 * What the answer to a refund's request was: it is open, or it was refused and may be asked again, after so long if
 * the answer says so.
 */
export type Answer = 'accepted' | { readonly status: number; readonly retryAfterMs: number | null };

/** One of those that are compared: the product, the floor, or a peer. */
export interface Side {
  readonly name: string;
  /** Whose CPU counts as this side's. */
  readonly pids: () => Pids;
  /** Makes so many orders, each of them to be refunded once. */
  prepare(count: number): Promise<readonly PaidOrder[]>;
  /** Asks for a refund, once. */
  ask(order: PaidOrder): Promise<Answer>;
  /** Which of these orders have been refunded as far as this side goes: of a saga, the share is taken back. */
  ended(orderIds: readonly string[]): Promise<readonly string[]>;
  /** Ends what a round has left open, so that it costs the next one nothing. */
  abandon(orders: readonly PaidOrder[]): Promise<void>;
}
