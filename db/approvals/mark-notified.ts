import { eq } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { approvals } from './schema.ts';

/** The engine was notified of what was approved. */
export async function markNotified(db: Db, approvalId: string): Promise<void> {
  await db.update(approvals).set({ toldAt: new Date() }).where(eq(approvals.id, approvalId));
}
