import type { Tx } from '../client.ts';
import type { Act } from './write-audit-log.ts';

/** What a subject hides of a person who leaves, in the transaction in which their account closes. */
export interface ClosingPart {
  readonly name: string;
  /** Returns the ids of what it hid. */
  hide(tx: Tx, act: Act, userId: string): Promise<readonly string[]>;
  /** Shows it again; whatever is gone meanwhile stays gone. */
  restore(tx: Tx, act: Act, userId: string, hidden: readonly string[]): Promise<void>;
}
