import { withoutEmails } from '../../domain/kernel/index.ts';
import type { Tx } from '../client.ts';
import { auditLog } from './schema.ts';

/** Who acted, from where and why, as an operator's request carries it. */
export interface Act {
  /** A user's id, or `system`. */
  readonly actor: string;
  readonly reason?: string;
  readonly ip?: string;
  readonly userAgent?: string;
  /** The API key that the actor used, if any. */
  readonly apiKeyId?: string;
}

/** Writes a line of the audit log, in the transaction that it records. Addresses in the reason are masked: ids alone are kept. */
export async function writeAuditLog(
  tx: Tx,
  act: Act,
  { action, subject, before, after }: { action: string; subject: string; before: unknown; after: unknown },
): Promise<void> {
  const { actor, reason, ip, userAgent, apiKeyId } = act;
  await tx.insert(auditLog).values({
    ...{ actor, action, subject, before, after, ip, userAgent, apiKeyId },
    reason: reason === undefined ? undefined : withoutEmails(reason),
  });
}
