import { type Approval, requestApproval } from '../db/approvals/index.ts';
import type { Tx } from '../db/client.ts';
import type { Act } from '../db/kernel/index.ts';
import type { Money } from '../domain/kernel/index.ts';
import { dryRun, reasonOf } from './acting.ts';

/** What one admin asks for, and a second one agrees to or not. */
export interface Asked {
  readonly action: string;
  readonly subject: string;
  /** A token for how it stands: it is not carried out on anything else. */
  readonly seen: string;
  /** What more it was asked with. JSON. */
  readonly params: unknown;
  /** Null: it names no money. */
  readonly money: Money | null;
}

/**
 * Keeps what is asked for until a second admin agrees. It is done and taken back first: what is refused anyway need not
 * trouble a second person. Throws what it throws, and `validation_failed` where no reason is given.
 */
export async function askSecondAdmin(
  tx: Tx,
  act: Act,
  { money, ...asked }: Asked,
  carryOut: (tx: Tx) => Promise<unknown>,
): Promise<Approval> {
  await dryRun(tx, carryOut);
  const { amountMinor = null, currency = null } = money ?? {};
  return requestApproval(tx, { ...act, reason: reasonOf(act), ...asked, amountMinor, currency });
}

export type { Approval };
