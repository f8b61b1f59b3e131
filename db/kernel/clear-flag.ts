import { eq } from 'drizzle-orm';
import { VezaError } from '../../domain/errors.ts';
import type { Tx } from '../client.ts';
import type { OpsFlagRow } from './ops-flags.ts';
import { opsFlags } from './schema.ts';
import { type Act, writeAuditLog } from './write-audit-log.ts';

/** An operator has looked at a flag: it leaves the list. Throws `flag_not_found` and `flag_not_open`. */
export async function clearFlag(
  tx: Tx,
  { flagId, ...act }: Act & { readonly flagId: string; readonly reason: string },
): Promise<OpsFlagRow> {
  const [flag] = await tx.select().from(opsFlags).where(eq(opsFlags.id, flagId)).for('no key update');
  if (flag === undefined) throw new VezaError('flag_not_found', `There is no flag ${flagId}.`);
  if (flag.clearedAt !== null) {
    throw new VezaError('flag_not_open', 'Somebody has dealt with it already.', { status_now: 'cleared' });
  }
  const clearedAt = new Date();
  await tx.update(opsFlags).set({ clearedAt }).where(eq(opsFlags.id, flagId));
  const { kind, subject, detail } = flag;
  await writeAuditLog(tx, act, { action: 'flag.clear', subject, before: { kind, detail }, after: null });
  return { ...flag, clearedAt };
}
