import type { Tx } from '../client.ts';
import { auditLog } from './schema.ts';

/** Who acted, from where and why, as an operator's request carries it. */
export interface Act {
  /** A user's id, or `system`. */
  readonly actor: string;
  readonly reason?: string;
  readonly ip?: string;
  readonly userAgent?: string;
  /** Where the actor came with an API key. */
  readonly apiKeyId?: string;
}

/** One line of the audit log, in the transaction of what it records. */
export async function audit(
  tx: Tx,
  act: Act,
  { action, subject, before, after }: { action: string; subject: string; before: unknown; after: unknown },
): Promise<void> {
  const { actor, reason, ip, userAgent, apiKeyId } = act;
  await tx
    .insert(auditLog)
    .values({ actor, action, subject, before, after, reason, ip, userAgent, apiKeyId });
}
